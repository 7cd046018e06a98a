//! `UploadPartCopy`: a part from another object. No byte moves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Response;
use poem::http::HeaderMap;

use super::{part_number, upload_id, upload_key};
use crate::http::date;
use crate::ops::{Action, CopyPart};
use crate::s3::body::EmptyBody;
use crate::s3::checksum_names::element;
use crate::s3::copy_source;
use crate::s3::error::{Error, Fault};
use crate::s3::headers::text;
use crate::s3::object::copy::check_source_owner;
use crate::s3::request::{Request, document, set};
use crate::s3::xml::begin;

const RANGE: &str = "x-amz-copy-source-range";
const BAD_RANGE: &str = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                         zero-based offsets of the first and last bytes to copy";

/// Copies a part.
pub(in crate::s3) async fn copy_part(request: Request<'_>, body: EmptyBody) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let number = part_number(&request.query)?;
    let (customer_key, shown) = upload_key(&request.headers, &request.secrets)?;
    let source = copy_source::read(&request.headers, &request.secrets)?;
    let range = range(&request.headers)?;
    body.check::<CopyPart>(&request, Action::PutObject, "A request that copies a part has no body").await?;
    check_source_owner(&request, &source).await?;

    let upload = upload_id(&request.query)?;
    let operation = CopyPart { source, range, bucket, key, upload, number, customer_key };
    let outcome = request.execute(operation).await?;

    let mut xml = begin("CopyPartResult");
    xml.leaf("ETag", &format!("\"{}\"", outcome.etag))
        .leaf("LastModified", &date::format_iso8601_millis(outcome.modified));
    for checksum in &outcome.checksums {
        xml.leaf(element(checksum.algorithm), &STANDARD.encode(&checksum.value));
    }
    let mut response = document(xml);
    let headers = response.headers_mut();
    shown.write(headers);
    if let Some(version) = outcome.source_version {
        set(headers, "x-amz-copy-source-version-id", &version.to_string());
    }
    Ok(response)
}

/// `bytes=first-last`, and no other form of a range.
fn range(headers: &HeaderMap) -> Result<Option<(u64, u64)>, Fault> {
    let Some(value) = text(headers, RANGE)? else { return Ok(None) };
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if is_plain { text.parse::<u64>().ok() } else { None }
    };
    let parsed = value.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let parsed = parsed.and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let bad = || Fault::InvalidArgument { message: BAD_RANGE, name: RANGE, value: Some(value.to_owned()) };
    parsed.filter(|(first, last)| first <= last).map(Some).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn ranges() {
        let read = |value: &'static str| {
            let pair = (HeaderName::from_static(RANGE), HeaderValue::from_static(value));
            range(&[pair].into_iter().collect())
        };
        assert_eq!(range(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read("bytes=0-0").unwrap(), Some((0, 0)));
        assert_eq!(read("bytes=5-10").unwrap(), Some((5, 10)));
        for bad in [
            "bytes=5-",
            "bytes=-5",
            "bytes=5-4",
            "0-5",
            "bytes=0-5,7-8",
            "bytes=+1-2",
            "bytes=0-99999999999999999999",
            "",
        ] {
            assert!(matches!(read(bad), Err(Fault::InvalidArgument { name: RANGE, .. })), "{bad}");
        }
    }
}
