//! `X-Object-Manifest`: a dynamic large object names where its segments are.

use poem::http::HeaderMap;

use crate::http::percent;
use crate::model::BucketName;
use crate::swift::error::Failure;

const HEADER: &str = "x-object-manifest";
const BAD_FORM: &str = "X-Object-Manifest must be in the format container/prefix";

/// The container and the prefix that a request names, as the client spelled them.
pub fn named(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(HEADER).filter(|value| !value.as_bytes().trim_ascii().is_empty()) else {
        return Ok(None);
    };
    let bad = || Failure::bad_request(BAD_FORM);
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad())?.trim();
    let decoded = percent::decode_utf8(text).ok_or_else(bad)?;
    let (container, prefix) = decoded.trim_start_matches('/').split_once('/').ok_or_else(bad)?;
    let is_good = !prefix.is_empty() && !text.contains(['?', '&']) && BucketName::new(container).is_ok();
    if is_good { Ok(Some(text.trim_start_matches('/').to_owned())) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn forms() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(value));
            named(&headers).map_err(|failure| failure.status().as_u16())
        };
        assert_eq!(named(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("c/p"), Ok(Some("c/p".into())));
        assert_eq!(read("/c/a%20b/p/"), Ok(Some("c/a%20b/p/".into())));
        for bad in ["c", "c/", "/p", "c/p?a", "c/p&a", "c/%ff", "%"] {
            assert_eq!(read(bad), Err(400), "{bad}");
        }
    }
}
