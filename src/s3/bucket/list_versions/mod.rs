//! `ListObjectVersions`.

mod render;

use poem::Response;

use super::list_objects::parameters::Parameters;
use crate::model::VersionId;
use crate::ops::{Action, BucketRecord, KeyQuery, ListVersions, VersionPage};
use crate::s3::error::{Error, Fault};
use crate::s3::owner::Owner;
use crate::s3::query::Query;
use crate::s3::request::{Request, document};
use render::Listing;

/// Lists versions and delete markers.
pub(in crate::s3) async fn list_versions(request: Request<'_>) -> Result<Response, Error> {
    let parameters = Parameters::read(&request.query)?;
    let start = Start::read(&request.query)?;
    let (bucket, page) = page(&request, &parameters, &start).await?;
    let owner = Owner::of(&request, &bucket.account).await;
    Ok(document(
        Listing { bucket: &bucket, parameters: &parameters, start: &start, page: &page, owner }.render(),
    ))
}

/// After which version the page begins.
struct Start {
    key: String,
    version: Option<VersionId>,
}

impl Start {
    fn read(query: &Query) -> Result<Self, Fault> {
        let bad = |message, value: &str| Fault::InvalidArgument {
            message,
            name: "version-id-marker",
            value: Some(value.to_owned()),
        };
        let key = query.get("key-marker").unwrap_or_default().to_owned();
        let version = match query.get("version-id-marker") {
            None => None,
            Some(text) if key.is_empty() => {
                return Err(bad("A version-id marker cannot be specified without a key marker.", text));
            }
            Some("") => return Err(bad("A version-id marker cannot be empty.", "")),
            Some(text) => Some(text.parse().map_err(|()| bad("Invalid version id specified", text))?),
        };
        Ok(Self { key, version })
    }
}

async fn page(
    request: &Request<'_>,
    parameters: &Parameters,
    start: &Start,
) -> Result<(BucketRecord, VersionPage), Error> {
    if parameters.max_keys == 0 {
        return Ok((request.bucket_info(Action::ListBucketVersions).await?, VersionPage::default()));
    }
    let operation = ListVersions {
        bucket: request.bucket()?,
        version_marker: start.version,
        keys: KeyQuery {
            prefix: parameters.prefix.clone(),
            delimiter: parameters.delimiter.clone(),
            marker: Some(start.key.clone()).filter(|key| !key.is_empty()),
            marker_skips_prefix: false,
            end_marker: None,
            limit: parameters.max_keys,
            reverse: false,
        },
    };
    request.execute(operation).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Result<(String, Option<String>), String> {
        match Start::read(&Query::parse(Some(raw)).unwrap()) {
            Ok(start) => Ok((start.key, start.version.map(|version| version.to_string()))),
            Err(Fault::InvalidArgument { message, name: "version-id-marker", .. }) => Err(message.to_owned()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn markers() {
        assert_eq!(read("versions"), Ok((String::new(), None)));
        assert_eq!(read("key-marker=a%2Fb"), Ok(("a/b".into(), None)));
        for id in ["null", "1795221191.64806"] {
            assert_eq!(
                read(&format!("key-marker=a&version-id-marker={id}")),
                Ok(("a".into(), Some(id.into())))
            );
        }
        for (raw, message) in [
            ("version-id-marker=null", "A version-id marker cannot be specified without a key marker."),
            (
                "key-marker=&version-id-marker=",
                "A version-id marker cannot be specified without a key marker.",
            ),
            ("key-marker=a&version-id-marker=", "A version-id marker cannot be empty."),
            ("key-marker=a&version-id-marker=x", "Invalid version id specified"),
        ] {
            assert_eq!(read(raw), Err(message.to_owned()), "{raw}");
        }
    }
}
