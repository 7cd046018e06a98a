//! The key headers. They are lifted out of a request before routing and tracing can see them.
//!
//! One copy remains: we cannot wipe the buffer that hyper read the request into.

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use zeroize::Zeroizing;

/// The headers that carry a customer's key, its digest or its algorithm. Cheap to clone; shared, redacted,
/// and wiped with the last clone.
#[derive(Clone, Default)]
pub struct SecretHeaders(Arc<Vec<(String, Zeroizing<Vec<u8>>)>>);

/// The reason why a key header has no single value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretHeaderError {
    /// It came more than once.
    #[error("a key header is repeated")]
    Duplicate,
    /// It is no text.
    #[error("a key header is not text")]
    NotText,
}

impl SecretHeaders {
    /// Takes out every header with a name that [`is_secret`](Self::is_secret).
    pub fn lift(headers: &mut HeaderMap) -> Self {
        let names: Vec<_> = headers.keys().filter(|name| Self::is_secret(name.as_str())).cloned().collect();
        let mut lifted = Vec::new();
        for name in names {
            for value in headers.get_all(&name) {
                lifted.push((name.as_str().to_owned(), Zeroizing::new(value.as_bytes().to_vec())));
            }
            headers.remove(&name);
        }
        Self(Arc::new(lifted))
    }

    /// Whether a header (or query parameter) of this name is reserved for keys, in any spelling: case, `_`
    /// and other characters in place of `-`, doubled or percent-encoded separators.
    pub fn is_secret(name: &str) -> bool {
        // Every reserved name has this word; most names end here, without an allocation.
        if !contains_ignore_case(name.as_bytes(), b"encryption") {
            return false;
        }
        let name = plain_spelling(name);
        let Some(name) = name.strip_prefix("x-") else { return false };
        name.starts_with("amz-server-side-encryption-customer-")
            || name.starts_with("amz-copy-source-server-side-encryption-customer-")
            || name.starts_with("copy-from-encryption-")
            || is_reserved_metadata(name)
    }

    /// All values of the header of this (lower-case) name, exactly as spelled.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The one value of a header, or `None` where it is absent.
    pub fn single(&self, name: &str) -> Result<Option<&str>, SecretHeaderError> {
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(SecretHeaderError::Duplicate);
        }
        std::str::from_utf8(value).map(Some).map_err(|_| SecretHeaderError::NotText)
    }

    /// The names as they came, in lower case. A repeated header's name is repeated. A front refuses names
    /// that it does not know.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for SecretHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretHeaders").field(&self.0.len()).finish()
    }
}

/// `x-object-meta-encryption-*` and the same for account, container and `amz`, and their `x-remove-…` forms.
/// `name` is without its `x-`.
fn is_reserved_metadata(name: &str) -> bool {
    let name = name.strip_prefix("remove-").unwrap_or(name);
    name.split_once('-').is_some_and(|(_, rest)| rest.starts_with("meta-encryption-"))
}

/// The name percent-decoded and in lower case, with one `-` for each run of characters that are no letters or
/// digits.
fn plain_spelling(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for byte in super::percent::decode_lossless(name) {
        if byte.is_ascii_alphanumeric() {
            plain.push(char::from(byte.to_ascii_lowercase()));
        } else if !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain
}

fn contains_ignore_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_reserved_names_in_any_spelling() {
        let secret = [
            "x-amz-server-side-encryption-customer-key",
            "X-Amz-Server-Side-Encryption-Customer-Key-MD5",
            "x-amz-server-side-encryption-customer-algorithm",
            "x-amz-copy-source-server-side-encryption-customer-key",
            "x-object-meta-encryption-key",
            "x-object-meta-encryption-anything",
            "x_object_meta_encryption_key",
            "x-object-meta--encryption.key",
            "x-object-meta%2dencryption-key",
            "x-account-meta-encryption-key",
            "x-container-meta-encryption-key",
            "x-remove-container-meta-encryption-key",
            "x-amz-meta-encryption-key",
            "x-copy-from-encryption-key",
        ];
        for name in secret {
            assert!(SecretHeaders::is_secret(name), "{name}");
        }
        let plain = [
            "x-amz-server-side-encryption",
            "x-amz-server-side-encryption-aws-kms-key-id",
            "x-amz-server-side-encryption-context",
            "x-object-meta-encryption",
            "x-object-meta-note-encryption-key",
            "x-amz-meta-my-meta-encryption-key",
            "authorization",
            "",
        ];
        for name in plain {
            assert!(!SecretHeaders::is_secret(name), "{name}");
        }
    }

    #[test]
    fn lifts_and_leaves_the_rest() {
        let mut headers = HeaderMap::new();
        headers.append("x-object-meta-encryption-key", "a2V5".parse().unwrap());
        headers.append("x-amz-server-side-encryption-customer-key", "one".parse().unwrap());
        headers.append("x-amz-server-side-encryption-customer-key", "two".parse().unwrap());
        headers.append("x-copy-from-encryption-key", ::http::HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append("host", "h".parse().unwrap());
        let secrets = SecretHeaders::lift(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["host"]);
        assert_eq!(secrets.single("x-object-meta-encryption-key"), Ok(Some("a2V5")));
        assert_eq!(
            secrets.single("x-amz-server-side-encryption-customer-key"),
            Err(SecretHeaderError::Duplicate)
        );
        assert_eq!(secrets.single("x-copy-from-encryption-key"), Err(SecretHeaderError::NotText));
        assert_eq!(secrets.single("x-absent"), Ok(None));
        assert_eq!(secrets.names().count(), 4);
        assert_eq!(secrets.all("x-amz-server-side-encryption-customer-key").count(), 2);
        assert_eq!(format!("{secrets:?}"), "SecretHeaders(4)");
    }
}
