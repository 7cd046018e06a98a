//! Continuation tokens: where the next page begins, in a form that says it is ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::s3::error::Fault;

/// What every token begins with.
const MARK: &[u8] = b"1:";

/// The token of the page after a row.
pub(in crate::s3::bucket) fn encode(last: &str) -> String {
    URL_SAFE_NO_PAD.encode([MARK, last.as_bytes()].concat())
}

/// The row that a token's page begins after.
pub(in crate::s3::bucket) fn decode(token: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let last = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(MARK));
    let last = last.and_then(|last| std::str::from_utf8(last).ok());
    last.map(str::to_owned).ok_or(Fault::InvalidArgument {
        message: "The continuation token provided is incorrect",
        name: "continuation-token",
        value: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for last in ["a", "ü/\u{1}", ""] {
            assert_eq!(decode(&encode(last)).unwrap(), last);
        }
        for bad in ["x", "*", "YQ"] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }
}
