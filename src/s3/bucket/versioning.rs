//! `GetBucketVersioning` and `PutBucketVersioning`.

use poem::Response;
use poem::http::StatusCode;

use crate::http::body::Body;
use crate::ops::{Action, BucketChange, UpdateBucket, Versioning};
use crate::s3::error::{Error, Fault};
use crate::s3::request::{Request, document, empty};
use crate::s3::xml::{Document, Element, parse, read_verified};

/// The versioning state; nothing where versioning was never configured.
pub(in crate::s3) async fn versioning(request: Request<'_>) -> Result<Response, Error> {
    request.check_owner(Action::GetBucketVersioning).await?;
    let record = request.bucket_record(Action::GetBucketVersioning).await?;
    let mut xml = Document::s3("VersioningConfiguration");
    xml.optional(
        "Status",
        match record.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some("Enabled"),
            Versioning::Suspended => Some("Suspended"),
        },
    );
    Ok(document(xml))
}

/// Enables or suspends versioning. There is no way back to a bucket that never had it.
pub(in crate::s3) async fn put_versioning(request: Request<'_>, body: Body) -> Result<Response, Error> {
    let body = read_verified(&request, body).await?;
    let state = state(&body)?;
    request.check_owner(Action::PutBucketVersioning).await?;
    let changes = vec![BucketChange::Versioning(state)];
    request.execute(UpdateBucket { bucket: request.bucket()?, changes }).await?;
    Ok(empty(StatusCode::OK))
}

pub(in crate::s3) fn state(body: &[u8]) -> Result<Versioning, Fault> {
    if body.is_empty() {
        return Err(Fault::MissingRequestBody);
    }
    let root = parse(body)?;
    if root.name != "VersioningConfiguration" {
        return Err(Fault::MalformedXml);
    }
    let (mut status, mut mfa) = (None, None);
    for element in &root.children {
        let slot = match element.name.as_str() {
            "Status" => &mut status,
            "MfaDelete" => &mut mfa,
            _ => return Err(Fault::MalformedXml),
        };
        if slot.replace(text(element)?).is_some() {
            return Err(Fault::MalformedXml);
        }
    }
    match mfa {
        None | Some("" | "Disabled") => {}
        Some("Enabled") => {
            let note = "MFA delete is not implemented".to_owned();
            return Err(Fault::HeaderNotImplemented { header: "MfaDelete".into(), note: Some(note) });
        }
        Some(_) => return Err(Fault::MalformedXml),
    }
    match status {
        Some("Enabled") => Ok(Versioning::Enabled),
        Some("Suspended") => Ok(Versioning::Suspended),
        None | Some("") => Err(Fault::IllegalVersioning),
        Some(_) => Err(Fault::MalformedXml),
    }
}

fn text(element: &Element) -> Result<&str, Fault> {
    if element.children.is_empty() { Ok(&element.text) } else { Err(Fault::MalformedXml) }
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
            assert!(matches!(read(inner), Err(Fault::IllegalVersioning)), "{inner}");
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
        assert!(matches!(mfa, Err(Fault::HeaderNotImplemented { header, .. }) if header == "MfaDelete"));
        assert!(matches!(state(b""), Err(Fault::MissingRequestBody)));
        assert!(matches!(state(b"<Other/>"), Err(Fault::MalformedXml)));
        assert!(matches!(state(b"  "), Err(Fault::MalformedXml)));
    }
}
