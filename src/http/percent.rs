//! Percent-encoding of paths and queries (RFC 3986, section 2.1).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but `A-Za-z0-9-._~`: S3's and SigV4's "URI encode".
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, with `/` left alone.
const UNRESERVED_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Decodes `%xx`; a `%` that begins no such triple stays as it is.
pub fn decode_lossless(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Decodes to text; `None` where the bytes are not UTF-8.
pub fn decode_utf8(text: &str) -> Option<String> {
    String::from_utf8(decode_lossless(text)).ok()
}

/// S3's encoding of a name or value, `/` included.
pub fn encode_uri(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, UNRESERVED).to_string()
}

/// S3's encoding of a key in a path: `/` stays.
pub fn encode_uri_path(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, UNRESERVED_PATH).to_string()
}

/// Swift's quoting of a path: `/` stays.
pub fn quote_path(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED_PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_and_leaves_the_rest() {
        assert_eq!(decode_utf8("a%2Fb%20c+d").as_deref(), Some("a/b c+d"));
        assert_eq!(decode_utf8("100%").as_deref(), Some("100%"));
        assert_eq!(decode_utf8("%zz%4").as_deref(), Some("%zz%4"));
        assert_eq!(decode_utf8("%ff"), None);
        assert_eq!(decode_lossless("%ff"), [0xff]);
    }

    #[test]
    fn encodes_as_s3_does() {
        assert_eq!(encode_uri("a/b c~ü*".as_bytes()), "a%2Fb%20c~%C3%BC%2A");
        assert_eq!(encode_uri_path(b"a//b"), "a//b");
        assert_eq!(quote_path("a b/ü"), "a%20b/%C3%BC");
    }
}
