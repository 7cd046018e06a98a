//! Bucket (container) names and object keys (object names).

use std::fmt;

/// The reason why a name is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing in it.
    #[error("name is empty")]
    Empty,
    /// Longer than the limit, in bytes of UTF-8.
    #[error("name length of {found} longer than {limit}")]
    TooLong { found: usize, limit: usize },
    /// A bucket name with a slash: no URL could separate it from a key.
    #[error("name contains a slash")]
    Slash,
}

/// A bucket's (container's) name: 1 to 256 bytes of UTF-8 without `/`. This is Swift's rule, which is wider
/// than S3's.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BucketName(Box<str>);

impl BucketName {
    /// Swift's limit on container names, in bytes after decoding.
    pub const MAX_LEN: usize = 256;

    /// Takes a name, if it keeps the rule.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > Self::MAX_LEN {
            return Err(NameError::TooLong { found: name.len(), limit: Self::MAX_LEN });
        }
        if name.contains('/') {
            return Err(NameError::Slash);
        }
        Ok(Self(name.into()))
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether S3 lets a client create a bucket of this name (AWS, "General purpose bucket naming rules"). It
    /// has 3 to 63 of `a-z0-9.-`, starts and ends with a letter or digit, has no `..`, is not like an IPv4
    /// address, and has none of the reserved beginnings and endings. It is not the first segment of a path of
    /// the other faces.
    pub fn is_s3_legal(&self) -> bool {
        let name = self.as_str();
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        (3..=63).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-')
            && edge(name.chars().next())
            && edge(name.chars().last())
            && !name.contains("..")
            && !is_like_ipv4(name)
            && !["v2.0", "auth", "info", "healthcheck"].contains(&name)
            && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|p| name.starts_with(p))
            && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|s| name.ends_with(s))
    }
}

fn is_like_ipv4(name: &str) -> bool {
    let parts: Vec<_> = name.split('.').collect();
    parts.len() == 4 && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object key (object name): 1 to 1024 bytes of UTF-8. `a//b`, `../x`, leading and trailing slashes are
/// legal and distinct: a key is never used as a path.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ObjectKey(Box<str>);

impl ObjectKey {
    /// Both protocols' limit, in bytes after decoding.
    pub const MAX_LEN: usize = 1024;

    /// Takes a key, if it keeps the rule.
    pub fn new(key: &str) -> Result<Self, NameError> {
        if key.is_empty() {
            return Err(NameError::Empty);
        }
        if key.len() > Self::MAX_LEN {
            return Err(NameError::TooLong { found: key.len(), limit: Self::MAX_LEN });
        }
        Ok(Self(key.into()))
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's bytes, as the index orders them.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_names() {
        let legal = |name: &str| BucketName::new(name).is_ok_and(|n| n.is_s3_legal());
        for name in ["abc", "my.bucket-1", &"a".repeat(63), "1.2.3", "127.0.0.1a"] {
            assert!(legal(name), "{name}");
        }
        for name in [
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            "a..b",
            "127.0.0.1",
            "xn--a",
            "a-s3alias",
            &"a".repeat(64),
            "añb",
        ] {
            assert!(!legal(name), "{name}");
        }
    }

    #[test]
    fn swift_names_are_wider() {
        assert!(BucketName::new("Ünïcode bucket_1").is_ok());
        assert_eq!(BucketName::new("a/b"), Err(NameError::Slash));
        assert_eq!(BucketName::new(""), Err(NameError::Empty));
        assert_eq!(BucketName::new(&"x".repeat(257)), Err(NameError::TooLong { found: 257, limit: 256 }));
    }

    #[test]
    fn keys_are_any_text_up_to_1024_bytes() {
        for key in ["a//b", "../x", "/", "/a/", "ü", &"k".repeat(1024)] {
            assert_eq!(ObjectKey::new(key).map(|k| k.to_string()).as_deref(), Ok(key));
        }
        assert!(ObjectKey::new(&"k".repeat(1025)).is_err());
    }
}
