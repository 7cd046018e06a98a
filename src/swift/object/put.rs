//! `PUT /v1/<account>/<container>/<object>`: writes an object.

use poem::http::header::{ETAG, LAST_MODIFIED};
use poem::http::{HeaderMap, HeaderName, StatusCode};
use poem::{Body, Response};

use super::precondition::precondition;
use super::{content_type, large, restore, stored, version};
use crate::http::date;
use crate::model::{BucketName, EncryptionMode, ObjectKey, ObjectMetadata};
use crate::ops::{PutDynamic, PutObject, WriteEncryption};
use crate::swift::body::{declared_length, readable};
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::Failure;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Writes the object, or restores the version that the request names.
pub(crate) async fn put(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    if let Some(version) = version::asked(call)? {
        return restore::restore(call, bucket, key, version, body).await;
    }
    if call.parameter(large::PARAMETER) == Some("put") {
        return Box::pin(large::put(call, bucket, key, body)).await;
    }
    let precondition = precondition(&call.headers)?;
    let length = declared_length(&call.headers, call.config.max_file_size)?;
    let content_type = content_type::of_write(&call.headers, key)?;
    let mut system = stored::from_request(&call.headers)?;
    system.content_type = Some(content_type);
    let user = metadata::collect(&call.headers, MetadataOf::Object)?;
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
        Box::pin(call.execute(PutDynamic { put })).await?
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

/// `ETag`: the MD5 that the body must have. No body has a tag that is not an MD5.
fn expected_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Failure> {
    let Some(etag) = headers.get(ETAG).filter(|etag| !etag.is_empty()) else { return Ok(None) };
    let digits = etag.to_str().unwrap_or_default().trim_matches('"');
    let mut md5 = [0; 16];
    match hex::decode_to_slice(digits, &mut md5) {
        Ok(()) => Ok(Some(md5)),
        Err(_) => Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY)),
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
    fn an_etag_is_the_expected_md5() {
        let md5 = |value: &str| expected_md5(&headers(&[("etag", value)])).map_err(|f| f.status().as_u16());
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(md5(hex).unwrap().map(hex::encode).as_deref(), Some(hex));
        assert!(md5(&format!("\"{}\"", hex.to_uppercase())).unwrap().is_some());
        assert_eq!(md5(""), Ok(None));
        assert_eq!(md5("bogus"), Err(422));
        assert_eq!(md5(&format!("{hex}00")), Err(422));
    }
}
