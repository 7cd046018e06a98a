//! `X-Object-Manifest`: the prefix of the segments of a dynamic large object.

use poem::http::{HeaderMap, HeaderName};

use crate::http::percent;
use crate::model::BucketName;
use crate::swift::error::Failure;

pub(crate) const OBJECT_MANIFEST: HeaderName = HeaderName::from_static("x-object-manifest");

/// The `container/prefix` of a request, as the client spelled it: it may be percent-encoded. An empty header
/// counts as none.
pub(crate) fn requested(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(&OBJECT_MANIFEST).iter().filter(|value| !value.is_empty());
    let Some(value) = values.next() else { return Ok(None) };
    let bad = || Failure::bad_request("X-Object-Manifest must be in the format container/prefix");
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad())?;
    let decoded = percent::decode_utf8(text).ok_or_else(bad)?;
    let (container, prefix) = decoded.split_once('/').ok_or_else(bad)?;
    let is_bad = prefix.is_empty() || prefix.starts_with('/') || decoded.contains(['?', '&', '\0']);
    if is_bad || BucketName::new(container).is_err() || values.next().is_some() {
        return Err(bad());
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn asked(value: &str) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(OBJECT_MANIFEST, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        requested(&headers).map_err(|failure| failure.into_response().status().as_u16())
    }

    #[test]
    fn a_value_needs_a_container_and_a_prefix() {
        for value in ["c/p", "c/p/", "c/p/q", "c/a%20b", "c%2Fp", "ü/é"] {
            assert_eq!(asked(value), Ok(Some(value.into())));
        }
        assert_eq!(asked(""), Ok(None));
        for bad in ["c", "/p", "c/", "c//p", "c/p?a=b", "c/p&q", "c/p%3Fq", "c/%ff", "/c/p"] {
            assert_eq!(asked(bad), Err(400), "{bad}");
        }
        assert_eq!(requested(&HeaderMap::new()).unwrap(), None);
    }
}
