//! `PUT /v1/<account>/<container>/<object>`: writes an object.

use std::io;

use futures_util::TryStreamExt;
use poem::http::header::{CONTENT_LENGTH, ETAG, IF_NONE_MATCH, LAST_MODIFIED, TRANSFER_ENCODING};
use poem::http::{HeaderMap, HeaderName, StatusCode};
use poem::{Body, Response};

use super::{content_type, manifest, restore, stored, version};
use crate::http::body::{self, BodyError};
use crate::http::conditions::EtagList;
use crate::http::date;
use crate::model::{BucketName, EncryptionMode, ObjectKey, ObjectMetadata};
use crate::ops::{Precondition, PutDynamic, PutObject, WriteEncryption};
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::{Failure, too_large};
use crate::swift::metadata::{self, Kind};
use crate::swift::reply;

/// Writes the object, or restores the version that the request names.
pub async fn put(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    if let Some(version) = version::asked(call)? {
        return restore::restore(call, bucket, key, version, body).await;
    }
    if call.parameter("multipart-manifest") == Some("put") {
        return manifest::put(call, bucket, key, body).await;
    }
    let precondition = precondition(&call.headers)?;
    let length = declared_length(&call.headers, call.config.max_file_size)?;
    let content_type = content_type::of_write(&call.headers, key)?;
    let mut system = stored::from_request(&call.headers)?;
    system.content_type = Some(content_type);
    let user = metadata::collect(&call.headers, Kind::Object)?;
    let encryption = match encryption_headers::for_write(&call.secrets)? {
        Some(key) => WriteEncryption::Customer(key),
        None => WriteEncryption::Managed,
    };
    let put = PutObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        body: readable(body, length),
        encryption,
        metadata: ObjectMetadata { user, system },
        expected_md5: expected_md5(&call.headers)?,
        wants_md5: true,
        checksums: Vec::new(),
        precondition,
    };
    let outcome = if put.metadata.system.object_manifest.is_some() {
        call.execute(PutDynamic { put }).await?
    } else {
        call.execute(put).await?
    };

    let mut response = reply::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    if let Some(md5) = outcome.md5 {
        reply::set(headers, ETAG, &hex::encode(md5));
    }
    reply::set(headers, LAST_MODIFIED, &date::format_http(outcome.modified.seconds_ceil()));
    version::show_new(headers, outcome.version_id);
    if outcome.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
    Ok(response)
}

/// `If-None-Match: *` is the one condition on a write; `If-Match` and the dates are ignored, as by Swift.
pub fn precondition(headers: &HeaderMap) -> Result<Precondition, Failure> {
    let mut values = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(Precondition::None);
    }
    let is_any = |value: &str| EtagList::parse(value) == EtagList::Any;
    if values.any(|value| value.to_str().is_ok_and(|list| list.split(',').any(is_any))) {
        Ok(Precondition::Absent)
    } else {
        Err(Failure::bad_request("If-None-Match only supports *"))
    }
}

/// How long the body says it is; `None` where it comes in chunks. A body that is too large is refused before it is read.
pub fn declared_length(headers: &HeaderMap, limit: u64) -> Result<Option<u64>, Failure> {
    if let Some(encoding) = headers.get(TRANSFER_ENCODING) {
        if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Ok(None);
        }
        return Err(Failure::bad_request("The only Transfer-Encoding is chunked."));
    }
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Err(Failure::with(StatusCode::LENGTH_REQUIRED, "Missing Content-Length header."));
    };
    let length = length
        .to_str()
        .ok()
        .and_then(|length| length.parse().ok())
        .ok_or_else(|| Failure::bad_request("Invalid Content-Length"))?;
    if length > limit { Err(too_large()) } else { Ok(Some(length)) }
}

/// `ETag`: what the body's MD5 must be. A tag that is no MD5 is nobody's.
fn expected_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Failure> {
    let Some(etag) = headers.get(ETAG).filter(|etag| !etag.is_empty()) else { return Ok(None) };
    let digits = etag.to_str().unwrap_or_default().trim_matches('"');
    let mut md5 = [0; 16];
    match hex::decode_to_slice(digits, &mut md5) {
        Ok(()) => Ok(Some(md5)),
        Err(_) => Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY)),
    }
}

/// A body as the domain reads it.
pub fn readable(body: Body, length: Option<u64>) -> body::Body {
    body::Body::from_stream(length, body.into_bytes_stream().map_err(|error| body_error(&error)))
}

/// Tells a body that stalled from one whose connection broke.
fn body_error(error: &io::Error) -> BodyError {
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<BodyError>());
    match (ours, error.kind()) {
        (Some(ours), _) => ours.clone(),
        (None, io::ErrorKind::TimedOut) => BodyError::Stalled,
        (None, io::ErrorKind::UnexpectedEof) => BodyError::Incomplete,
        (None, _) => BodyError::Disconnected(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_one_condition() {
        let condition = |value| precondition(&headers(&[("if-none-match", value)]));
        assert_eq!(precondition(&headers(&[("if-match", "x")])).unwrap(), Precondition::None);
        assert_eq!(condition("*").unwrap(), Precondition::Absent);
        assert_eq!(condition("\"a\", *").unwrap(), Precondition::Absent);
        let refusal = format!("{:?}", condition("\"a\"").unwrap_err());
        assert!(refusal.contains("If-None-Match only supports *"), "{refusal}");
    }

    #[test]
    fn lengths() {
        let length = |pairs: &[(&'static str, &str)]| {
            declared_length(&headers(pairs), 100).map_err(|failure| failure.status().as_u16())
        };
        assert_eq!(length(&[("content-length", "0")]), Ok(Some(0)));
        assert_eq!(length(&[("content-length", "100")]), Ok(Some(100)));
        assert_eq!(length(&[("content-length", "101")]), Err(413));
        assert_eq!(length(&[("transfer-encoding", "chunked")]), Ok(None));
        assert_eq!(length(&[("transfer-encoding", "gzip, chunked")]), Err(400));
        assert_eq!(length(&[]), Err(411));
        assert_eq!(length(&[("content-length", "-1")]), Err(400));
    }

    #[test]
    fn etags() {
        let md5 = |value: &str| expected_md5(&headers(&[("etag", value)])).map_err(|f| f.status().as_u16());
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(md5(hex).unwrap().map(hex::encode).as_deref(), Some(hex));
        assert!(md5(&format!("\"{}\"", hex.to_uppercase())).unwrap().is_some());
        assert_eq!(md5(""), Ok(None));
        assert_eq!(md5("bogus"), Err(422));
        assert_eq!(md5(&format!("{hex}00")), Err(422));
    }

    #[test]
    fn broken_bodies() {
        assert_eq!(body_error(&BodyError::Stalled.into()), BodyError::Stalled);
        assert_eq!(body_error(&io::Error::from(io::ErrorKind::TimedOut)), BodyError::Stalled);
        assert_eq!(body_error(&io::Error::from(io::ErrorKind::UnexpectedEof)), BodyError::Incomplete);
        assert!(matches!(body_error(&io::Error::other("reset")), BodyError::Disconnected(_)));
    }
}
