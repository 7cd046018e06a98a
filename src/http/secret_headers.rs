//! The headers that carry customer keys, lifted out of a request before anything can route, trace or log it.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use zeroize::Zeroizing;

/// S3's triple for the object, and its triple for a copy's source.
const S3_PREFIXES: [&str; 2] = [
    "x-amz-server-side-encryption-customer-",
    "x-amz-copy-source-server-side-encryption-customer-",
];

/// Swift's headers, and the metadata names that could be mistaken for them: reserved on both faces.
const RESERVED_PREFIXES: [&str; 5] = [
    "x-object-meta-encryption-",
    "x-container-meta-encryption-",
    "x-account-meta-encryption-",
    "x-amz-meta-encryption-",
    "x-copy-from-encryption-",
];

/// The key headers of a request. Values are wiped when the last copy of this is dropped; `Debug` shows names only.
#[derive(Clone, Default)]
pub struct SecretHeaders(Arc<Vec<(String, Zeroizing<Vec<u8>>)>>);

/// Why a key header cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretHeaderError {
    /// It is there more than once.
    #[error("the header is there more than once")]
    Duplicate,
    /// It is not visible ASCII text.
    #[error("the header is not text")]
    NotText,
}

impl SecretHeaders {
    /// Takes every key header out of the headers.
    pub fn lift(headers: &mut HeaderMap) -> Self {
        let names: Vec<_> = headers.keys().filter(|name| Self::is_secret(name.as_str())).cloned().collect();
        let mut lifted = Vec::new();
        for name in names {
            let values = headers.get_all(&name).iter().map(|v| Zeroizing::new(v.as_bytes().to_vec()));
            lifted.extend(values.map(|value| (name.as_str().to_owned(), value)));
            headers.remove(&name);
        }
        Self(Arc::new(lifted))
    }

    /// Whether a header of this name carries key material, or could be mistaken for one that does: letter case and `_`
    /// for `-` make no difference, since proxies and WSGI servers treat them alike.
    pub fn is_secret(name: &str) -> bool {
        let name = name.to_ascii_lowercase().replace('_', "-");
        S3_PREFIXES.iter().chain(&RESERVED_PREFIXES).any(|prefix| name.starts_with(prefix))
            || RESERVED_PREFIXES.iter().any(|prefix| prefix.trim_end_matches('-') == name)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All values of a name (lower case, as it came).
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The one value of a name; `None` where it is absent.
    pub fn single(&self, name: &str) -> Result<Option<&str>, SecretHeaderError> {
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(SecretHeaderError::Duplicate);
        }
        let text = std::str::from_utf8(value).map_err(|_| SecretHeaderError::NotText)?;
        if text.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
            return Err(SecretHeaderError::NotText);
        }
        Ok(Some(text.trim()))
    }

    /// The names that were lifted, once for each value.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for SecretHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_lifted() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-amz-server-side-encryption-customer-key",
            "x-amz-copy-source-server-side-encryption-customer-key-md5",
            "x-object-meta-encryption-key",
            "x-object-meta-encryption-colour",
            "x_object_meta_encryption_key",
            "x-container-meta-encryption-key",
            "x-amz-meta-encryption-key",
            "x-copy-from-encryption-key",
        ] {
            headers.insert(name, "secret".parse().unwrap());
        }
        headers.insert("x-amz-server-side-encryption", "AES256".parse().unwrap());
        headers.insert("x-object-meta-colour", "red".parse().unwrap());
        let secrets = SecretHeaders::lift(&mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(secrets.names().count(), 8);
        assert!(!format!("{secrets:?}").contains("secret\""));
        assert_eq!(secrets.single("x-object-meta-encryption-key"), Ok(Some("secret")));
        assert_eq!(secrets.single("x-object-meta-encryption-algorithm"), Ok(None));
    }

    #[test]
    fn duplicates_and_bytes_are_refused() {
        let mut headers = HeaderMap::new();
        headers.append("x-object-meta-encryption-key", "a".parse().unwrap());
        headers.append("x-object-meta-encryption-key", "a".parse().unwrap());
        headers.insert("x-object-meta-encryption-algorithm", http::HeaderValue::from_bytes(b"\xff").unwrap());
        let secrets = SecretHeaders::lift(&mut headers);
        assert_eq!(secrets.single("x-object-meta-encryption-key"), Err(SecretHeaderError::Duplicate));
        assert_eq!(secrets.single("x-object-meta-encryption-algorithm"), Err(SecretHeaderError::NotText));
    }
}
