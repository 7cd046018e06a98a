//! `GetBucketVersioning` and `PutBucketVersioning`.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::{Action, BucketChange, UpdateBucket, Versioning};
use crate::s3::body::DocumentBody;
use crate::s3::error::{Error, Fault, Refusal};
use crate::s3::request::{Request, document, empty};
use crate::s3::xml::{Element, begin, parse_root};

/// The largest document that is read: it holds two words.
const MAX_BODY: usize = 64 * 1024;

const NO_STATUS: Refusal =
    Refusal::invalid("IllegalVersioningConfigurationException", "The Versioning element must be specified");

/// The versioning state; nothing where versioning was never configured.
pub(in crate::s3) async fn versioning(request: Request<'_>) -> Result<Response, Error> {
    let bucket = request.bucket_info(Action::GetBucketVersioning).await?;
    let mut xml = begin("VersioningConfiguration");
    xml.optional(
        "Status",
        match bucket.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some("Enabled"),
            Versioning::Suspended => Some("Suspended"),
        },
    );
    Ok(document(xml))
}

/// Enables or suspends versioning. There is no way back to a bucket that never had it.
pub(in crate::s3) async fn put_versioning(
    request: Request<'_>,
    body: DocumentBody,
) -> Result<Response, Error> {
    let bucket = request.authorised_bucket::<UpdateBucket>(Action::PutBucketVersioning).await?;
    let state = state(&body.read(&request, &bucket, MAX_BODY).await?)?;
    let changes = vec![BucketChange::Versioning(state)];
    request.execute(UpdateBucket { bucket: request.bucket()?, changes }).await?;
    Ok(empty(StatusCode::OK))
}

pub(in crate::s3) fn state(body: &[u8]) -> Result<Versioning, Fault> {
    let root = parse_root(body, "VersioningConfiguration")?;
    root.only(&["Status", "MfaDelete"])?;
    let text = |name| root.at_most_once(name)?.map(Element::leaf).transpose();
    let (status, mfa) = (text("Status")?, text("MfaDelete")?);
    match mfa {
        None | Some("" | "Disabled") => {}
        Some("Enabled") => {
            let note = "MFA delete is not implemented".to_owned();
            return Err(Fault::NotImplemented { what: "MfaDelete".into(), note: Some(note) });
        }
        Some(_) => return Err(Fault::MalformedXml),
    }
    match status {
        Some("Enabled") => Ok(Versioning::Enabled),
        Some("Suspended") => Ok(Versioning::Suspended),
        None | Some("") => Err(Fault::Setting(NO_STATUS)),
        Some(_) => Err(Fault::MalformedXml),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Result<Versioning, Fault> {
        state(format!("<VersioningConfiguration xmlns=\"u\">{inner}</VersioningConfiguration>").as_bytes())
    }

    #[test]
    fn states() {
        assert_eq!(read("<Status>Enabled</Status>").unwrap(), Versioning::Enabled);
        assert_eq!(
            read("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>").unwrap(),
            Versioning::Suspended
        );
        assert_eq!(read("<MfaDelete/><Status>Enabled</Status>").unwrap(), Versioning::Enabled);
    }

    /// As AWS was seen to answer.
    #[test]
    fn refused() {
        for inner in ["", "<Status/>", "<Status></Status>"] {
            assert!(matches!(read(inner), Err(Fault::Setting(refusal)) if refusal == NO_STATUS), "{inner}");
        }
        for inner in [
            "<Status>Disabled</Status>",
            "<Status>enabled</Status>",
            "<Status> Enabled </Status>",
            "<Status>Enabled</Status><Status>Enabled</Status>",
            "<Status>Enabled</Status><MfaDelete>disabled</MfaDelete>",
            "<Status><b/></Status>",
            "<Foo/>",
        ] {
            assert!(matches!(read(inner), Err(Fault::MalformedXml)), "{inner}");
        }
        let mfa = read("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>");
        assert!(matches!(mfa, Err(Fault::NotImplemented { what, .. }) if what == "MfaDelete"));
        assert!(matches!(state(b"<Other/>"), Err(Fault::MalformedXml)));
        assert!(matches!(state(b"  "), Err(Fault::MalformedXml)));
    }
}
