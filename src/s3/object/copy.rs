//! `CopyObject`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Response;
use poem::http::HeaderMap;

use super::put::precondition;
use crate::http::date;
use crate::model::{AccountId, ChecksumAlgorithm};
use crate::ops::{Action, BucketInfo, Caller, CopyMetadata, CopyObject, CopyOutcome, CopySource};
use crate::s3::body::EmptyBody;
use crate::s3::checksum_names::{element, kind_name};
use crate::s3::error::{Error, Fault};
use crate::s3::headers::text;
use crate::s3::request::{Request, document, set};
use crate::s3::xml::{Document, begin};
use crate::s3::{checksum, copy_source, metadata, sse_c};

const METADATA_DIRECTIVE: &str = "x-amz-metadata-directive";
const CHECKSUM_ALGORITHM: &str = "x-amz-checksum-algorithm";
/// Names the account that must own the source's bucket.
const SOURCE_OWNER: &str = "x-amz-source-expected-bucket-owner";
/// What makes a copy of an object onto itself a change, beside its metadata and a customer's key.
const CHANGES: [&str; 3] =
    ["x-amz-server-side-encryption", "x-amz-storage-class", "x-amz-website-redirect-location"];

const BAD_DIRECTIVE: &str = "Unknown metadata directive.";

/// Copies an object. No byte moves.
pub(in crate::s3) async fn copy(request: Request<'_>, body: EmptyBody) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let headers = &request.headers;
    let sse = sse_c::for_write(headers, &request.secrets)?;
    let source = copy_source::read(headers, &request.secrets)?;
    let replaces = replaces_metadata(headers)?;
    let given = metadata::collect(headers)?;
    let checksum = chosen_checksum(headers)?;
    let precondition = precondition(headers)?;
    body.check::<CopyObject>(&request, Action::PutObject, "A request that copies an object has no body")
        .await?;
    check_source_owner(&request, &source).await?;

    let changes = replaces
        || matches!(sse.shown, sse_c::Shown::Customer(_))
        || CHANGES.iter().any(|name| headers.contains_key(*name));
    let metadata = if replaces {
        CopyMetadata::Replace(given)
    } else {
        CopyMetadata::Keep { website_redirect: given.system.website_redirect }
    };
    let operation = CopyObject {
        source,
        range: None,
        bucket,
        key,
        encryption: sse.encryption,
        shared_key: false,
        metadata,
        checksum,
        precondition,
        changes,
    };
    let outcome = request.execute(operation).await?;

    let mut response = document(result(&outcome));
    let headers = response.headers_mut();
    sse.shown.write(headers);
    if let Some(version) = outcome.source_version {
        set(headers, "x-amz-copy-source-version-id", &version.to_string());
    }
    if outcome.versioned {
        set(headers, "x-amz-version-id", &outcome.version_id.to_string());
    }
    Ok(response)
}

fn replaces_metadata(headers: &HeaderMap) -> Result<bool, Fault> {
    match text(headers, METADATA_DIRECTIVE)? {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(Fault::InvalidArgument {
            message: BAD_DIRECTIVE,
            name: METADATA_DIRECTIVE,
            value: Some(other.to_owned()),
        }),
    }
}

fn chosen_checksum(headers: &HeaderMap) -> Result<Option<ChecksumAlgorithm>, Fault> {
    let unsupported = || Fault::invalid_request(checksum::UNSUPPORTED);
    text(headers, CHECKSUM_ALGORITHM)?
        .map(|name| ChecksumAlgorithm::from_name(name).ok_or_else(unsupported))
        .transpose()
}

/// Refuses when the source's bucket is not owned by the account that the client expects.
pub(super) async fn check_source_owner(request: &Request<'_>, source: &CopySource) -> Result<(), Error> {
    let Some(expected) = text(&request.headers, SOURCE_OWNER)? else { return Ok(()) };
    let caller = Caller { expected_owner: Some(AccountId::new(expected)), ..request.caller.clone() };
    let info = BucketInfo { bucket: source.bucket.clone(), action: Action::GetObject };
    request.gateway.execute(&caller, info).await?;
    Ok(())
}

fn result(outcome: &CopyOutcome) -> Document {
    let mut xml = begin("CopyObjectResult");
    xml.leaf("ETag", &format!("\"{}\"", outcome.etag))
        .leaf("LastModified", &date::format_iso8601_millis(outcome.modified));
    for checksum in &outcome.digests.checksums {
        xml.leaf(element(checksum.algorithm), &STANDARD.encode(&checksum.value));
        xml.leaf("ChecksumType", kind_name(checksum.kind));
    }
    xml
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use poem::http::header::HeaderName;

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        [(HeaderName::from_static(name), HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn directives() {
        assert!(!replaces_metadata(&HeaderMap::new()).unwrap());
        assert!(!replaces_metadata(&headers(METADATA_DIRECTIVE, "COPY")).unwrap());
        assert!(replaces_metadata(&headers(METADATA_DIRECTIVE, "REPLACE")).unwrap());
        let bad = replaces_metadata(&headers(METADATA_DIRECTIVE, "replace"));
        assert!(matches!(bad, Err(Fault::InvalidArgument { message: BAD_DIRECTIVE, .. })));
    }

    #[test]
    fn checksums() {
        let chosen = chosen_checksum(&headers(CHECKSUM_ALGORITHM, "sha256")).unwrap();
        assert_eq!(chosen, Some(ChecksumAlgorithm::Sha256));
        assert_eq!(chosen_checksum(&HeaderMap::new()).unwrap(), None);
        assert!(chosen_checksum(&headers(CHECKSUM_ALGORITHM, "MD4")).is_err());
    }
}
