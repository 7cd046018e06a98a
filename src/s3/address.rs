//! What a request is about: the service, a bucket, or an object. Path style and virtual-host style.
//!
//! Keys are taken from the raw path and decoded once, byte for byte: `a//b`, `../x`, `%2F` and a leading
//! slash are all distinct keys, and nothing is normalised.

use super::error::Fault;
use crate::http::percent;
use crate::model::{AccountId, BucketName, NameError, ObjectKey};
use crate::ops::BucketAddress;

/// What a request is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Resource {
    /// The service itself.
    Service,
    Bucket(BucketAddress),
    Object(BucketAddress, ObjectKey),
}

impl Resource {
    /// The bucket, unless it is the service.
    pub(super) fn bucket(&self) -> Option<&BucketAddress> {
        match self {
            Self::Service => None,
            Self::Bucket(bucket) | Self::Object(bucket, _) => Some(bucket),
        }
    }

    /// The object's key, if it is an object.
    pub(super) fn key(&self) -> Option<&ObjectKey> {
        match self {
            Self::Object(_, key) => Some(key),
            Self::Service | Self::Bucket(_) => None,
        }
    }
}

/// The bucket's name as S3 clients spell it.
pub(super) fn spelling(bucket: &BucketAddress) -> String {
    match bucket {
        BucketAddress::S3(name) => name.to_string(),
        BucketAddress::Owned(account, name) => format!("{account}:{name}"),
        BucketAddress::Id(id) => id.to_string(),
    }
}

/// Resolves a request's host and raw path. `bases` are the hosts whose subdomains are buckets.
pub(super) fn resolve(host: &str, raw_path: &str, bases: &[String]) -> Result<Resource, Fault> {
    let path = raw_path.strip_prefix('/').ok_or(Fault::InvalidUri)?;
    match virtual_bucket(host, bases) {
        Some(name) => with_key(bucket(name)?, path),
        None if path.is_empty() => Ok(Resource::Service),
        None => {
            let (segment, rest) = path.split_once('/').unwrap_or((path, ""));
            with_key(bucket(&percent_decode(segment)?)?, rest)
        }
    }
}

/// The bucket that a host names, if it is a subdomain of a base.
fn virtual_bucket<'h>(host: &'h str, bases: &[String]) -> Option<&'h str> {
    let host = without_port(host);
    bases.iter().find_map(|base| {
        let base = without_port(base);
        let split = host.len().checked_sub(base.len() + 1)?;
        let (name, rest) = (host.get(..split)?, host.get(split..)?);
        let is_subdomain = rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(base));
        (is_subdomain && !name.is_empty()).then_some(name)
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn with_key(bucket: BucketAddress, raw_key: &str) -> Result<Resource, Fault> {
    if raw_key.is_empty() {
        return Ok(Resource::Bucket(bucket));
    }
    match ObjectKey::new(&percent_decode(raw_key)?) {
        Ok(key) => Ok(Resource::Object(bucket, key)),
        Err(NameError::TooLong { found, limit }) => Err(Fault::KeyTooLong { found, limit }),
        Err(NameError::Empty | NameError::Slash) => Err(Fault::InvalidUri),
    }
}

/// A global S3 name, or `<account>:<name>`.
pub(super) fn bucket(text: &str) -> Result<BucketAddress, Fault> {
    let name =
        |name: &str| BucketName::new(name).map_err(|_| Fault::InvalidBucketName { name: text.to_owned() });
    match text.split_once(':') {
        Some((account, rest)) if !account.is_empty() => {
            Ok(BucketAddress::Owned(AccountId::new(account), name(rest)?))
        }
        _ => Ok(BucketAddress::S3(name(text)?)),
    }
}

/// Decodes `%XX` strictly: a stray `%` or bytes that are no UTF-8 are an error, never a guess.
pub(super) fn percent_decode(raw: &str) -> Result<String, Fault> {
    if !percent::is_well_formed(raw) {
        return Err(Fault::InvalidUri);
    }
    percent::decode_utf8(raw).ok_or(Fault::InvalidUri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases() -> Vec<String> {
        vec!["s3.example.com".into(), "localhost:8443".into()]
    }

    fn path(raw: &str) -> Result<Resource, Fault> {
        resolve("127.0.0.1:8443", raw, &bases())
    }

    fn s3(name: &str) -> BucketAddress {
        BucketAddress::S3(BucketName::new(name).unwrap())
    }

    fn object(bucket: &str, key: &str) -> Resource {
        Resource::Object(s3(bucket), ObjectKey::new(key).unwrap())
    }

    #[test]
    fn path_style() {
        assert_eq!(path("/").unwrap(), Resource::Service);
        assert_eq!(path("/b1b").unwrap(), Resource::Bucket(s3("b1b")));
        assert_eq!(path("/b1b/").unwrap(), Resource::Bucket(s3("b1b")));
        assert_eq!(path("/b1b/key").unwrap(), object("b1b", "key"));
        let owned = BucketAddress::Owned(AccountId::new("acct"), BucketName::new("My Box").unwrap());
        assert_eq!(path("/acct:My%20Box").unwrap(), Resource::Bucket(owned.clone()));
        assert_eq!(path("/acct%3AMy%20Box/").unwrap(), Resource::Bucket(owned));
    }

    #[test]
    fn virtual_host_style() {
        let at = |host: &str, raw: &str| resolve(host, raw, &bases()).unwrap();
        assert_eq!(at("pics.s3.example.com", "/"), Resource::Bucket(s3("pics")));
        assert_eq!(at("pics.S3.Example.com:443", "/a/b"), object("pics", "a/b"));
        assert_eq!(at("my.pics.s3.example.com", "//a"), object("my.pics", "/a"));
        assert_eq!(at("pics.localhost:9000", "/k"), object("pics", "k"));
        assert_eq!(at("s3.example.com", "/pics/k"), object("pics", "k"));
        assert_eq!(at("evils3.example.com", "/pics/k"), object("pics", "k"));
    }

    #[test]
    fn keys_are_not_normalised() {
        for (raw, key) in [
            ("a//b", "a//b"),
            ("../x", "../x"),
            ("a/./b/../c", "a/./b/../c"),
            ("/lead", "/lead"),
            ("a%2Fb", "a/b"),
            ("%2F", "/"),
            ("a+b", "a+b"),
            ("a%2Bb", "a+b"),
            ("%C3%BC", "ü"),
            ("trail/", "trail/"),
        ] {
            assert_eq!(path(&format!("/bkt/{raw}")).unwrap(), object("bkt", key), "{raw}");
        }
    }

    #[test]
    fn refused() {
        for raw in ["/bkt/%", "/bkt/%2", "/bkt/%zz", "/bkt/%ff", "/%ff/a", "*"] {
            assert!(matches!(path(raw), Err(Fault::InvalidUri)), "{raw}");
        }
        assert!(matches!(path("//key"), Err(Fault::InvalidBucketName { .. })));
        assert!(matches!(
            path(&format!("/bkt/{}", "k".repeat(1025))),
            Err(Fault::KeyTooLong { found: 1025, .. })
        ));
        assert!(path(&format!("/bkt/{}", "%41".repeat(1024))).is_ok());
    }
}
