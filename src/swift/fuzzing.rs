//! The entrances for fuzzers to this face.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::address::{Address, Level, StoragePath, parse};
use super::listing::Page;
use super::metadata::{MetadataOf, collect};
use super::{accept, bulk, encryption_headers, object};
use crate::http::percent;
use crate::http::query::Query;
use crate::http::secret_headers::SecretHeaders;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{MAX_KEYED_SEGMENTS, SegmentRequest};

pub(crate) fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(address) = parse(text) else { return };
    let _ = address.realm();
    let encode = |text: &str| percent::encode_path(text.as_bytes());
    let Address::Storage(StoragePath { account, level }) = &address else { return };
    let account = encode(account);
    let rendered = match level {
        Level::Account => format!("/v1/{account}"),
        Level::Container(bucket) => format!("/v1/{account}/{}", encode(&bucket.to_string())),
        Level::Object(bucket, key) => {
            format!("/v1/{account}/{}/{}", encode(&bucket.to_string()), encode(&key.to_string()))
        }
    };
    assert_eq!(parse(&rendered).ok(), Some(address), "{rendered}");
}

/// The manifest of a static large object.
pub(crate) fn slo_manifest(data: &[u8]) {
    let (Ok(bucket), Ok(key)) = (BucketName::new("c"), ObjectKey::new("o")) else { return };
    let Ok(segments) = object::parse_manifest(data, &bucket, &key) else { return };
    assert!(segments.len() <= MAX_KEYED_SEGMENTS as usize);
    for segment in segments {
        if let SegmentRequest::Object { bucket: in_bucket, key: its_key, .. } = segment {
            assert!((in_bucket, its_key) != (bucket.clone(), key.clone()), "it holds itself");
        }
    }
}

/// The list of a bulk delete.
pub(crate) fn bulk_delete(data: &[u8]) {
    let Some(names) = bulk::located_names(data) else { return };
    for (shown, named) in names {
        let Some((bucket, key)) = named else { continue };
        let key = key.map(|key| format!("/{key}")).unwrap_or_default();
        let line = percent::encode(format!("{bucket}{key}").as_bytes());
        let again = bulk::located_names(line.as_bytes()).unwrap_or_default();
        assert!(again.iter().all(|(_, named)| named.is_some()), "{shown}");
    }
}

/// The first line is a query; each other line is a header.
pub(crate) fn headers(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let query = Query::parse(std::str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in lines.take(256) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let secrets = SecretHeaders::lift(&mut headers);
    let _ = encryption_headers::check_names(&secrets, true);
    let _ = encryption_headers::for_write(&secrets);
    let _ = encryption_headers::for_read(&secrets);
    let _ = encryption_headers::for_source(&secrets);
    let _ = accept::of_listing(&headers, &query);
    let _ = accept::negotiate(&headers);
    let _ = Page::parse(&query);
    for of in [MetadataOf::Account, MetadataOf::Container, MetadataOf::Object] {
        let _ = collect(&headers, of);
    }
    object::read_headers(&headers);
}
