//! Reading request headers: one value, as text, or a refusal.

use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use super::error::Fault;
use super::query::Query;

/// A header's one value as text. Twice the same header is refused: which one counts would be a guess.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::invalid_request(format!("The header {name} must not be given more than once")));
    }
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(Fault::invalid_request(format!("The value of the header {name} is not valid UTF-8"))),
    }
}

/// Parameters of a presigned request itself, lower case.
const SIGNATURE: [&str; 8] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// Moves `x-amz-*` parameters to the headers they stand for: presigners of several SDKs put headers there,
/// and S3 reads them as headers. One that is in both places is refused.
pub(super) fn hoist(query: &Query, headers: &mut HeaderMap) -> Result<(), Fault> {
    for (name, value) in query.iter() {
        let lower = name.to_ascii_lowercase();
        if !lower.starts_with("x-amz-") || SIGNATURE.contains(&lower.as_str()) {
            continue;
        }
        let header = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| Fault::InvalidUri)?;
        let text = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Fault::InvalidUri)?;
        if headers.contains_key(&header) {
            return Err(Fault::invalid_request(format!("{lower} was given as a header and in the query")));
        }
        headers.insert(header, text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_none() {
        let mut headers = HeaderMap::new();
        headers.append("a", HeaderValue::from_static(" x "));
        headers.append("b", HeaderValue::from_static("1"));
        headers.append("b", HeaderValue::from_static("2"));
        headers.append("c", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(text(&headers, "a").unwrap(), Some("x"));
        assert_eq!(text(&headers, "z").unwrap(), None);
        assert!(text(&headers, "b").is_err() && text(&headers, "c").is_err());
    }

    #[test]
    fn presigners_put_headers_into_the_query() {
        let query =
            Query::parse(Some("X-Amz-Signature=s&x-amz-acl=private&X-Amz-Meta-A=1&x-id=GetObject")).unwrap();
        let mut headers = HeaderMap::new();
        hoist(&query, &mut headers).unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["x-amz-meta-a"], "1");
        assert!(hoist(&query, &mut headers).is_err());
    }
}
