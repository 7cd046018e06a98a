//! The query of a request, decoded, in its order.

use std::fmt;

use super::percent;
use super::secret_headers::SecretHeaders;

/// Decoded names and values in the order they came. Debug shows names only: values can be signatures.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
    not_utf8: bool,
}

impl Query {
    /// Parses the raw query, without its `?`. `+` is a space, a parameter without `=` has an empty value, and
    /// a malformed `%` stays as it is.
    pub fn parse(raw: &str) -> Self {
        let mut query = Self::default();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let pair = (query.decode(name), query.decode(value));
            query.pairs.push(pair);
        }
        query
    }

    /// The first value of this name, which is compared exactly.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Whether there is a parameter of this name.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All values of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether all of it was UTF-8. Other bytes were replaced by U+FFFD, and the caller should refuse the
    /// request.
    pub fn is_utf8(&self) -> bool {
        !self.not_utf8
    }

    /// Whether a parameter is named like a key header. Keys must not be in URLs, because everyone logs those.
    /// (Values may name them: `X-Amz-SignedHeaders` does.)
    pub fn has_key_material(&self) -> bool {
        self.pairs.iter().any(|(name, _)| SecretHeaders::is_secret(name.trim()))
    }

    fn decode(&mut self, raw: &str) -> String {
        match String::from_utf8(decode_bytes(raw)) {
            Ok(text) => text,
            Err(error) => {
                self.not_utf8 = true;
                String::from_utf8_lossy(error.as_bytes()).into_owned()
            }
        }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

/// Decodes one raw name or value to bytes: `+` is a space.
pub fn decode_bytes(raw: &str) -> Vec<u8> {
    if raw.contains('+') {
        percent::decode_lossless(&raw.replace('+', " "))
    } else {
        percent::decode_lossless(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_decodes() {
        let query = Query::parse("prefix=a%2Fb+c&acl&&x=1&x=2&empty=&=v&eq=a=b&bad=%zz");
        assert_eq!(query.get("prefix"), Some("a/b c"));
        assert_eq!(query.get("acl"), Some(""));
        assert_eq!(query.get("none"), None);
        assert_eq!(query.all("x").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.get("eq"), Some("a=b"));
        assert_eq!(query.get("bad"), Some("%zz"));
        assert_eq!(query.get(""), Some("v"));
        assert_eq!(query.iter().count(), 8);
        assert!(query.is_utf8() && query.has("empty") && !query.has("Acl"));
        assert_eq!(Query::parse("").iter().count(), 0);
    }

    #[test]
    fn says_what_is_not_utf8() {
        let query = Query::parse("prefix=%ff");
        assert!(!query.is_utf8());
        assert_eq!(query.get("prefix"), Some("\u{fffd}"));
    }

    #[test]
    fn finds_key_material_in_any_spelling() {
        let names =
            ["X-Amz-Server-Side-Encryption-Customer-Key", "x-amz-server%2Dside-encryption-customer-key-md5"];
        for name in names.into_iter().chain(["x_object_meta_encryption_key", "+x-copy-from-encryption-key"]) {
            assert!(Query::parse(&format!("a=b&{name}=c")).has_key_material(), "{name}");
        }
        assert!(!Query::parse("x-amz-server-side-encryption=AES256&X-Amz-Signature=1").has_key_material());
        let signed = "X-Amz-SignedHeaders=host%3Bx-amz-server-side-encryption-customer-key";
        assert!(!Query::parse(signed).has_key_material());
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(format!("{:?}", Query::parse("a=secret&b=")), r#"["a", "b"]"#);
    }
}
