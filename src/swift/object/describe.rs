//! The headers of an object that GET and HEAD have in common.

use poem::http::header::{ACCEPT_RANGES, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use poem::http::{HeaderMap, HeaderName};

use super::content_type::DEFAULT;
use super::{stored, version};
use crate::http::date;
use crate::model::EncryptionMode;
use crate::ops::{Face, LargeObject, ObjectInfo};
use crate::swift::encryption_headers::{AES256, ALGORITHM_ANSWER};
use crate::swift::headers::TIMESTAMP;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Sets an object's headers, except the ones that describe the body of this answer.
pub(crate) fn describe(headers: &mut HeaderMap, info: &ObjectInfo) {
    let system = &info.metadata.system;
    reply::set(headers, CONTENT_TYPE, system.content_type.as_deref().unwrap_or(DEFAULT));
    reply::set(headers, LAST_MODIFIED, &date::format_http(info.modified.seconds_ceil()));
    reply::set(headers, TIMESTAMP, &info.modified.to_string());
    version::show(headers, info.versioned, info.version_id);
    reply::set(headers, ACCEPT_RANGES, "bytes");
    if let Some(etag) = shown_etag(info) {
        reply::set(headers, ETAG, &etag);
    }
    if matches!(info.large, Some(LargeObject::Parts | LargeObject::Static)) {
        // The client must not compare this ETag with an MD5.
        reply::set(headers, HeaderName::from_static("x-static-large-object"), "True");
    }
    stored::into_answer(headers, system);
    metadata::render(headers, MetadataOf::Object, &info.metadata.user);
    if info.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
}

/// The MD5 of a plain object, without quotes; the tag of an object that consists of parts, in quotes. `None`
/// if a key is needed to know it.
pub(crate) fn shown_etag(info: &ObjectInfo) -> Option<String> {
    if !info.opened {
        return None;
    }
    if let Some(md5) = info.digests.md5.filter(|_| matches!(info.large, Some(LargeObject::Dynamic(_)))) {
        // The MD5 of the manifest's own bytes.
        return Some(hex::encode(md5));
    }
    let etag = info.shown_etag(Face::Swift)?;
    Some(if info.large.is_some() { format!("\"{etag}\"") } else { etag })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ObjectMetadata, Timestamp, VersionId};
    use crate::ops::Digests;

    fn info() -> ObjectInfo {
        let mut metadata = ObjectMetadata::default();
        metadata.user.insert("mtime".into(), "1.5".into());
        metadata.system.content_type = Some("text/plain".into());
        ObjectInfo {
            version_id: VersionId::Null,
            created: Timestamp::from_steps(100_001),
            modified: Timestamp::from_steps(100_001),
            size: 3,
            mode: EncryptionMode::Managed,
            etag: "opaque".into(),
            part_count: None,
            large: None,
            digests: Digests { md5: Some([0xab; 16]), ..Digests::default() },
            metadata,
            opened: true,
            versioned: false,
        }
    }

    fn headers(info: &ObjectInfo) -> HeaderMap {
        let mut headers = HeaderMap::new();
        describe(&mut headers, info);
        headers
    }

    #[test]
    fn a_plain_object() {
        let headers = headers(&info());
        for (name, value) in [
            ("etag", "abababababababababababababababab"),
            ("content-type", "text/plain"),
            ("last-modified", "Thu, 01 Jan 1970 00:00:02 GMT"),
            ("x-timestamp", "0000000001.00001"),
            ("x-object-meta-mtime", "1.5"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert_eq!(headers.len(), 6);
    }

    #[test]
    fn a_container_that_keeps_versions_shows_the_id() {
        let versioned = ObjectInfo { versioned: true, ..info() };
        assert_eq!(headers(&versioned)["x-object-version-id"], "null");
    }

    #[test]
    fn a_customers_object_without_its_key_shows_no_etag() {
        let described = ObjectInfo {
            mode: EncryptionMode::Customer,
            opened: false,
            digests: Digests::default(),
            part_count: Some(2),
            large: Some(LargeObject::Static),
            ..info()
        };
        let headers = headers(&described);
        assert!(!headers.contains_key("etag"));
        assert_eq!(headers["x-object-meta-encryption-algorithm"], "AES256");
        assert_eq!(headers["x-static-large-object"], "True");
    }

    #[test]
    fn an_object_of_unknown_md5_shows_no_etag() {
        let unknown = ObjectInfo { digests: Digests::default(), ..info() };
        assert!(!headers(&unknown).contains_key("etag"));
    }

    #[test]
    fn an_object_of_parts_shows_its_tag_in_quotes() {
        let parts = ObjectInfo {
            part_count: Some(2),
            large: Some(LargeObject::Parts),
            digests: Digests::default(),
            ..info()
        };
        assert_eq!(headers(&parts)["etag"], "\"opaque\"");
    }
}
