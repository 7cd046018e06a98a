//! `X-Delete-At` and `X-Delete-After`.

use poem::http::HeaderMap;

use crate::swift::error::Failure;
use crate::swift::limits::MAX_DELETE_AT;

/// When the object expires, in seconds since the epoch. `X-Delete-After` overrides `X-Delete-At`.
pub(crate) fn delete_at(headers: &HeaderMap, now: i64) -> Result<Option<i64>, Failure> {
    if let Some(after) = headers.get("x-delete-after") {
        let after = integer(after.as_bytes(), "X-Delete-After")?;
        return in_future(now.saturating_add(after), now, "X-Delete-After").map(Some);
    }
    match headers.get("x-delete-at").filter(|value| !value.is_empty()) {
        Some(at) => in_future(integer(at.as_bytes(), "X-Delete-At")?, now, "X-Delete-At").map(Some),
        None => Ok(None),
    }
}

fn in_future(at: i64, now: i64, name: &str) -> Result<i64, Failure> {
    let at = at.clamp(0, MAX_DELETE_AT);
    if at <= now {
        return Err(Failure::bad_request(format!("{name} in past")));
    }
    Ok(at)
}

/// An integer of any length. Beyond 64 bits it counts as the largest.
fn integer(text: &[u8], name: &str) -> Result<i64, Failure> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Failure::bad_request(format!("Non-integer {name}")));
    }
    let value = digits
        .iter()
        .fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    const NOW: i64 = 1_000_000;

    fn at(pairs: &[(&'static str, &str)]) -> Result<Option<i64>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        delete_at(&headers, NOW).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_future_time_is_taken() {
        assert_eq!(at(&[]), Ok(None));
        assert_eq!(at(&[("x-delete-at", "1000001")]), Ok(Some(1_000_001)));
        assert_eq!(at(&[("x-delete-after", "60")]), Ok(Some(1_000_060)));
        assert_eq!(at(&[("x-delete-at", "5"), ("x-delete-after", "1")]), Ok(Some(1_000_001)));
        assert_eq!(at(&[("x-delete-at", "99999999999999999999999")]), Ok(Some(9_999_999_999)));
        assert_eq!(at(&[("x-delete-after", "99999999999999999999999")]), Ok(Some(9_999_999_999)));
        assert_eq!(at(&[("x-delete-at", "")]), Ok(None));
    }

    #[test]
    fn refusals_have_swifts_texts() {
        for (header, value, text) in [
            ("x-delete-at", "1000000", "X-Delete-At in past"),
            ("x-delete-at", "-5", "X-Delete-At in past"),
            ("x-delete-at", "soon", "Non-integer X-Delete-At"),
            ("x-delete-at", "1000100.1", "Non-integer X-Delete-At"),
            ("x-delete-after", "0", "X-Delete-After in past"),
            ("x-delete-after", "-60", "X-Delete-After in past"),
            ("x-delete-after", "60.1", "Non-integer X-Delete-After"),
            ("x-delete-after", "", "Non-integer X-Delete-After"),
        ] {
            let refusal = at(&[(header, value)]).unwrap_err();
            assert!(refusal.contains(text), "{header}: {value}: {refusal}");
        }
    }
}
