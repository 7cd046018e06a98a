//! Percent-encoding (RFC 3986 §2.1), as S3 and Swift do it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Everything but RFC 3986's unreserved characters: AWS's `UriEncode`, Python's `quote(safe='')`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same, with `/` left alone.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Decodes every well-formed `%xx`; a malformed one stays as it is.
pub fn decode_lossless(raw: &str) -> Vec<u8> {
    percent_decode_str(raw).collect()
}

/// Decodes to text; `None` when the bytes are no UTF-8. A malformed `%` stays as it is: see
/// [`is_well_formed`].
pub fn decode_utf8(raw: &str) -> Option<String> {
    String::from_utf8(decode_lossless(raw)).ok()
}

/// Whether every `%` is followed by two hexadecimal digits.
pub fn is_well_formed(raw: &str) -> bool {
    let bytes = raw.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    bytes.iter().enumerate().all(|(at, &b)| b != b'%' || (is_hex(at + 1) && is_hex(at + 2)))
}

/// Encodes everything but `A-Za-z0-9-._~`, in upper case: one component of a path or query (AWS's
/// `UriEncode`).
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Encodes everything but `A-Za-z0-9-._~/`: S3's canonical path, and how Swift quotes paths.
pub fn encode_path(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED_IN_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        assert_eq!(decode_lossless("a%2Fb%2fc%zz%4%"), b"a/b/c%zz%4%");
        assert_eq!(decode_lossless("%ff+%00"), b"\xff+\0");
        assert_eq!(decode_utf8("%C3%A9"), Some("é".into()));
        assert_eq!(decode_utf8("%C3"), None);
        assert!(is_well_formed("a%20b"));
        for bad in ["%", "%2", "%zz", "a%2"] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    #[test]
    fn encodes() {
        assert_eq!(encode("a b/é+~_.-*'".as_bytes()), "a%20b%2F%C3%A9%2B~_.-%2A%27");
        assert_eq!(encode_path(b"a//b c"), "a//b%20c");
    }
}
