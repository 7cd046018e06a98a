//! The condition on a write.

use poem::http::HeaderMap;
use poem::http::header::IF_NONE_MATCH;

use crate::http::conditions::EtagList;
use crate::ops::Precondition;
use crate::swift::error::Failure;

/// `If-None-Match: *` is the only condition on a write; `If-Match` and the dates are ignored, as in Swift.
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Precondition, Failure> {
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

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_if_none_match_of_any_is_a_condition() {
        let condition = |value| precondition(&headers(&[("if-none-match", value)]));
        assert_eq!(precondition(&headers(&[("if-match", "x")])).unwrap(), Precondition::None);
        assert_eq!(condition("*").unwrap(), Precondition::Absent);
        assert_eq!(condition("\"a\", *").unwrap(), Precondition::Absent);
        let refusal = format!("{:?}", condition("\"a\"").unwrap_err());
        assert!(refusal.contains("If-None-Match only supports *"), "{refusal}");
    }
}
