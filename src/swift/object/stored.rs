//! The headers that are stored with an object: read from requests and written into answers.

use poem::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, EXPIRES};
use poem::http::{HeaderMap, HeaderName};

use super::{expiry, large};
use crate::model::{SystemMetadata, Timestamp};
use crate::swift::error::Failure;
use crate::swift::headers::DELETE_AT;
use crate::swift::reply;

const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// The stored headers of a request, except `Content-Type`, which PUT and POST treat differently.
pub(crate) fn from_request(headers: &HeaderMap) -> Result<SystemMetadata, Failure> {
    Ok(SystemMetadata {
        content_type: None,
        content_encoding: text(headers, &CONTENT_ENCODING)?,
        content_disposition: text(headers, &CONTENT_DISPOSITION)?,
        content_language: text(headers, &CONTENT_LANGUAGE)?,
        cache_control: text(headers, &CACHE_CONTROL)?,
        expires: text(headers, &EXPIRES)?,
        robots_tag: text(headers, &ROBOTS_TAG)?,
        website_redirect: None,
        delete_at: expiry::delete_at(headers, Timestamp::now().seconds_floor())?,
        object_manifest: large::requested_dynamic(headers)?,
    })
}

/// Sets the stored headers, except `Content-Type`.
pub(crate) fn into_answer(headers: &mut HeaderMap, system: &SystemMetadata) {
    // All fields are named, so that a new one cannot be forgotten here.
    let SystemMetadata {
        content_type: _,
        content_encoding,
        content_disposition,
        content_language,
        cache_control,
        expires,
        robots_tag,
        website_redirect: _,
        delete_at,
        object_manifest,
    } = system;
    for (name, value) in [
        (CONTENT_ENCODING, content_encoding),
        (CONTENT_DISPOSITION, content_disposition),
        (CONTENT_LANGUAGE, content_language),
        (CACHE_CONTROL, cache_control),
        (EXPIRES, expires),
        (ROBOTS_TAG, robots_tag),
        (large::OBJECT_MANIFEST, object_manifest),
    ] {
        if let Some(value) = value {
            reply::set(headers, name, value);
        }
    }
    if let Some(at) = delete_at {
        reply::set(headers, DELETE_AT, &at.to_string());
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Failure> {
    let mut values = Vec::new();
    for value in headers.get_all(name).iter().filter(|value| !value.is_empty()) {
        let value = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Failure::bad_request(format!("{name} is not valid UTF-8")))?;
        values.push(value);
    }
    Ok((!values.is_empty()).then(|| values.join(",")))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn stored_headers_come_back_unchanged() {
        let mut request = HeaderMap::new();
        for (name, value) in [
            ("content-encoding", "gzip"),
            ("content-disposition", "attachment; filename=\"é\""),
            ("content-language", "fr"),
            ("cache-control", "no-cache"),
            ("expires", "whenever"),
            ("x-robots-tag", "noindex"),
            ("x-delete-at", "9999999999"),
        ] {
            request.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut answer = HeaderMap::new();
        into_answer(&mut answer, &from_request(&request).unwrap());
        assert_eq!(answer, request);
    }

    #[test]
    fn an_empty_header_counts_as_absent() {
        let mut request = HeaderMap::new();
        request.insert("content-encoding", HeaderValue::from_static(""));
        assert_eq!(from_request(&request).unwrap(), SystemMetadata::default());
    }
}
