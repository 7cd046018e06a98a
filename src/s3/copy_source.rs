//! `x-amz-copy-source` and the headers that go with it: what CopyObject and UploadPartCopy take from
//! elsewhere.

use poem::http::HeaderMap;

use super::address;
use super::error::Fault;
use super::headers::text;
use super::sse_c;
use crate::http::conditions::{EtagList, ReadConditions};
use crate::http::secret_headers::SecretHeaders;
use crate::http::{date, percent, query};
use crate::model::{NameError, ObjectKey, VersionId};
use crate::ops::{BucketAddress, CopySource, Face};

/// Makes a PUT a copy.
pub(super) const HEADER: &str = "x-amz-copy-source";
pub(super) const IF_MATCH: &str = "x-amz-copy-source-if-match";
pub(super) const IF_NONE_MATCH: &str = "x-amz-copy-source-if-none-match";
pub(super) const IF_MODIFIED_SINCE: &str = "x-amz-copy-source-if-modified-since";
pub(super) const IF_UNMODIFIED_SINCE: &str = "x-amz-copy-source-if-unmodified-since";

const NO_SOURCE: &str = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
const BAD_ENCODING: &str = "Invalid copy source encoding.";
const BAD_BUCKET: &str = "Invalid copy source bucket name";
const NO_VERSION: &str = "Version id cannot be the empty string";
const BAD_VERSION: &str = "Invalid version id specified";

/// Reads where a copy comes from, on what conditions, and the key that opens it.
pub(super) fn read(headers: &HeaderMap, secrets: &SecretHeaders) -> Result<CopySource, Fault> {
    let (bucket, key, version) = parse(text(headers, HEADER)?.unwrap_or_default())?;
    let customer_key = sse_c::for_source(secrets)?;
    let conditions = conditions(headers)?;
    Ok(CopySource { bucket, key, version, customer_key, conditions, face: Face::S3 })
}

/// `[/]bucket/key[?versionId=id]`. All of it but the question mark may be encoded, the slashes too; `+` is a
/// space, as S3 takes it.
pub(super) fn parse(source: &str) -> Result<(BucketAddress, ObjectKey, Option<VersionId>), Fault> {
    let (path, version) = match source.rsplit_once("?versionId=") {
        Some((path, id)) => (path, Some(version(id)?)),
        None => (source, None),
    };
    if !percent::is_well_formed(path) {
        return Err(refused(BAD_ENCODING, source));
    }
    let path = String::from_utf8(query::decode_bytes(path)).map_err(|_| refused(BAD_ENCODING, source))?;
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (bucket, key) = path.split_once('/').ok_or_else(|| refused(NO_SOURCE, source))?;
    if bucket.is_empty() || key.is_empty() {
        return Err(refused(NO_SOURCE, source));
    }
    let bucket = address::bucket(bucket).map_err(|_| refused(BAD_BUCKET, source))?;
    match ObjectKey::new(key) {
        Ok(key) => Ok((bucket, key, version)),
        Err(NameError::TooLong { found, limit }) => Err(Fault::KeyTooLong { found, limit }),
        Err(NameError::Empty | NameError::Slash) => Err(refused(NO_SOURCE, source)),
    }
}

fn refused(message: &'static str, source: &str) -> Fault {
    Fault::InvalidArgument { message, name: HEADER, value: Some(source.to_owned()) }
}

fn version(id: &str) -> Result<VersionId, Fault> {
    let bad = |message| Fault::InvalidArgument { message, name: "versionId", value: Some(id.to_owned()) };
    match id {
        "" => Err(bad(NO_VERSION)),
        id => id.parse().map_err(|()| bad(BAD_VERSION)),
    }
}

/// The conditions on a source. Their precedence is that of RFC 9110, which S3's manual spells out for copies
/// too. A condition that does not hold is a 412, also where a read would be answered 304.
fn conditions(headers: &HeaderMap) -> Result<ReadConditions, Fault> {
    let tags = |name| Ok::<_, Fault>(text(headers, name)?.map(EtagList::parse));
    let seconds = |name| Ok::<_, Fault>(text(headers, name)?.and_then(date::parse_http));
    Ok(ReadConditions {
        if_match: tags(IF_MATCH)?,
        if_none_match: tags(IF_NONE_MATCH)?,
        if_modified_since: seconds(IF_MODIFIED_SINCE)?,
        if_unmodified_since: seconds(IF_UNMODIFIED_SINCE)?,
    })
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::model::{AccountId, BucketName, Timestamp};

    fn source(text: &str) -> (BucketAddress, String, Option<VersionId>) {
        let (bucket, key, version) = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        (bucket, key.to_string(), version)
    }

    #[test]
    fn sources() {
        let bucket = BucketAddress::S3(BucketName::new("bkt").unwrap());
        for (text, key) in [
            ("bkt/key", "key"),
            ("/bkt/key", "key"),
            ("bkt%2Fkey", "key"),
            ("%2Fbkt%2Fa%2Fb", "a/b"),
            ("bkt//key", "/key"),
            ("bkt/a//b/../c/", "a//b/../c/"),
            ("bkt/a+b", "a b"),
            ("bkt/a%2Bb", "a+b"),
            ("bkt/%C3%BC", "ü"),
            ("bkt/ü", "ü"),
            ("bkt/a?b", "a?b"),
            ("bkt/a?versionid=null", "a?versionid=null"),
            ("bkt/a%3FversionId=null", "a?versionId=null"),
        ] {
            assert_eq!(source(text), (bucket.clone(), key.into(), None), "{text}");
        }
        assert_eq!(source("bkt/k?versionId=null"), (bucket.clone(), "k".into(), Some(VersionId::Null)));
        let at = VersionId::At(Timestamp::from_steps(179_522_119_164_806));
        let twice = "bkt/k?versionId=x?versionId=1795221191.64806";
        assert_eq!(source(twice), (bucket, "k?versionId=x".into(), Some(at)));
        let owned = BucketAddress::Owned(AccountId::new("acct"), BucketName::new("My Box").unwrap());
        assert_eq!(source("/acct:My%20Box/k"), (owned.clone(), "k".into(), None));
        assert_eq!(source("acct%3AMy+Box%2Fk"), (owned, "k".into(), None));
    }

    #[test]
    fn malformed_sources_are_refused() {
        for (text, expected) in [
            ("", NO_SOURCE),
            ("/", NO_SOURCE),
            ("bkt", NO_SOURCE),
            ("bkt/", NO_SOURCE),
            ("//key", NO_SOURCE),
            ("bkt/%", BAD_ENCODING),
            ("bkt/%zz", BAD_ENCODING),
            ("bkt/%ff", BAD_ENCODING),
            ("acct:/key", BAD_BUCKET),
            (&format!("{}/key", "b".repeat(257)), BAD_BUCKET),
            ("bkt/key?versionId=", NO_VERSION),
            ("bkt/key?versionId=3/L4kqtJl", BAD_VERSION),
        ] {
            let refused = parse(text);
            assert!(
                matches!(refused, Err(Fault::InvalidArgument { message, .. }) if message == expected),
                "{text}"
            );
        }
        let long = parse(&format!("bkt/{}", "k".repeat(1025)));
        assert!(matches!(long, Err(Fault::KeyTooLong { found: 1025, .. })));
    }

    #[test]
    fn conditions_have_names_of_their_own() {
        let headers: HeaderMap = [
            (HEADER, "bkt/key"),
            (IF_MATCH, "\"a\""),
            (IF_NONE_MATCH, "*"),
            (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (IF_UNMODIFIED_SINCE, "yesterday"),
            ("if-match", "\"b\""),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
        let source = read(&headers, &SecretHeaders::default()).unwrap();
        assert_eq!(source.conditions.if_match, Some(EtagList::Tags(vec!["a".into()])));
        assert_eq!(source.conditions.if_none_match, Some(EtagList::Any));
        assert_eq!(source.conditions.if_modified_since, Some(784_111_777));
        assert_eq!(source.conditions.if_unmodified_since, None);
        assert!(source.customer_key.is_none());
    }
}
