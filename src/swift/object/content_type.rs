//! An object's `Content-Type`: the client's own, or a guess from the object's name.

use poem::http::HeaderMap;
use poem::http::header::CONTENT_TYPE;

use crate::model::ObjectKey;
use crate::swift::boolean::is_true;
use crate::swift::error::Failure;

/// The type of an object whose name suggests none.
pub(crate) const DEFAULT: &str = "application/octet-stream";

/// A parameter that Swift reserves; it is never stored.
const RESERVED_PARAMETER: &str = "swift_bytes";

/// The type of an object that is written.
pub(crate) fn of_write(headers: &HeaderMap, key: &ObjectKey) -> Result<String, Failure> {
    let detect = headers.get("x-detect-content-type").and_then(|v| v.to_str().ok()).is_some_and(is_true);
    match given(headers)? {
        Some(given) if !detect => Ok(given),
        _ => Ok(guess(key)),
    }
}

/// The type in a request's headers, if it is not empty.
pub(crate) fn given(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| Failure::bad_request("Please specify valid UTF-8 Content-Type"))?;
    let text = without_reserved(text.trim());
    Ok((!text.is_empty()).then_some(text))
}

fn guess(key: &ObjectKey) -> String {
    mime_guess::from_path(key.as_str()).first_raw().unwrap_or(DEFAULT).to_owned()
}

fn without_reserved(text: &str) -> String {
    let is_reserved = |parameter: &&str| {
        parameter.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(RESERVED_PARAMETER))
    };
    let kept: Vec<_> = text.split(';').filter(|parameter| !is_reserved(parameter)).collect();
    kept.join(";").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn written(name: &str, content_type: Option<&str>, detect: bool) -> String {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        }
        if detect {
            headers.insert("x-detect-content-type", HeaderValue::from_static("true"));
        }
        of_write(&headers, &ObjectKey::new(name).unwrap()).unwrap()
    }

    #[test]
    fn the_clients_type_counts_unless_it_asks_for_a_guess() {
        assert_eq!(written("a.txt", Some("image/png"), false), "image/png");
        assert_eq!(written("a.txt", Some("image/png"), true), "text/plain");
        assert_eq!(written("dir/a.jpg", None, false), "image/jpeg");
        assert_eq!(written("a.txt", Some(""), false), "text/plain");
        assert_eq!(written("a", None, false), DEFAULT);
    }

    #[test]
    fn parameters_stay_except_swifts_own() {
        assert_eq!(
            written("a", Some("text/plain; charset=\"utf-8\""), false),
            "text/plain; charset=\"utf-8\""
        );
        assert_eq!(written("a", Some("text/plain;swift_bytes=7;a=b"), false), "text/plain;a=b");
    }

    #[test]
    fn a_type_that_is_not_utf8_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(b"text/\xff").unwrap());
        assert!(given(&headers).is_err());
    }
}
