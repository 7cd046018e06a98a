//! `X-Versions-Enabled`: whether a container keeps versions.

use poem::http::{HeaderMap, HeaderName};

use crate::ops::{BucketChange, Versioning};
use crate::swift::boolean::{is_false, is_true};
use crate::swift::error::Failure;
use crate::swift::reply;

const ENABLED: HeaderName = HeaderName::from_static("x-versions-enabled");

/// The change that a container's PUT or POST asks for.
pub(crate) fn change(headers: &HeaderMap) -> Result<Option<BucketChange>, Failure> {
    let mut values = headers.get_all(ENABLED).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let state = match value.to_str().map(str::trim) {
        _ if values.next().is_some() => None,
        Ok(value) if is_true(value) => Some(Versioning::Enabled),
        // If the bucket keeps versions, this suspends versioning.
        Ok(value) if is_false(value) => Some(Versioning::Off),
        _ => None,
    };
    match state {
        Some(state) => Ok(Some(BucketChange::Versioning(state))),
        None => Err(Failure::bad_request("X-Versions-Enabled must be true or false.")),
    }
}

/// Shows whether the container keeps versions; a container that never did shows nothing.
pub(crate) fn show(headers: &mut HeaderMap, state: Versioning) {
    match state {
        Versioning::Off => {}
        Versioning::Enabled => reply::set(headers, ENABLED, "True"),
        Versioning::Suspended => reply::set(headers, ENABLED, "False"),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_true_and_false_are_values() {
        let change = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ENABLED, HeaderValue::from_str(value).unwrap());
            change(&headers).map_err(|failure| failure.status().as_u16())
        };
        for yes in ["true", "True", "1", "on"] {
            assert_eq!(change(yes), Ok(Some(BucketChange::Versioning(Versioning::Enabled))));
        }
        for no in ["false", "False", "0", "off"] {
            assert_eq!(change(no), Ok(Some(BucketChange::Versioning(Versioning::Off))));
        }
        for other in ["", "maybe", "2", "enabled"] {
            assert_eq!(change(other), Err(400), "{other}");
        }
        assert_eq!(super::change(&HeaderMap::new()).unwrap(), None);
        let mut twice = HeaderMap::new();
        twice.append(ENABLED, HeaderValue::from_static("true"));
        twice.append(ENABLED, HeaderValue::from_static("false"));
        assert!(super::change(&twice).is_err());
    }
}
