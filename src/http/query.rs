//! Query strings: ordered pairs, decoded.

use super::percent::decode_lossless;
use super::secret_headers::SecretHeaders;

/// The parameters of a query, in their order.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads a raw query. `+` is a space. What is not UTF-8 gets replacement characters: no name of ours has any.
    pub fn parse(raw: &str) -> Self {
        let decode = |text: &str| {
            let bytes = decode_lossless(&text.replace('+', " "));
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
        };
        let pairs = raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        Self { pairs }
    }

    /// The first value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Whether a name is there, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(n, _)| n == name)
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a parameter is named like a header that carries key material: such a request is refused, since queries
    /// are logged by every proxy on the way.
    pub fn has_key_material(&self) -> bool {
        self.pairs.iter().any(|(name, _)| SecretHeaders::is_secret(name))
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names only: values may be signatures.
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let query = Query::parse("prefix=a%2Fb+c&acl&x=1&x=2&&=v");
        assert_eq!(query.get("prefix"), Some("a/b c"));
        assert!(query.has("acl"));
        assert_eq!(query.get("acl"), Some(""));
        assert_eq!(query.all("x").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.get("y"), None);
    }

    #[test]
    fn key_material() {
        assert!(Query::parse("X-Amz-Server-Side-Encryption-Customer-Key=x").has_key_material());
        assert!(Query::parse("a=1&x%2Dobject-meta-encryption-key=x").has_key_material());
        assert!(!Query::parse("X-Amz-Signature=x&prefix=encryption-key").has_key_material());
    }
}
