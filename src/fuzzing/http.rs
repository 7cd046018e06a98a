//! The parsers that both protocols share.

use ::http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::conditions::{EtagList, ReadConditions};
use crate::http::date::{format_amz, format_http, parse_amz, parse_http};
use crate::http::percent;
use crate::http::query::Query;
use crate::http::range::{MAX_RANGES, parse_ranges};

/// `Range`, resolved in an object whose length is the first eight bytes.
pub(super) fn range(data: &[u8]) {
    let Some((length, header)) = data.split_first_chunk() else { return };
    let length = u64::from_be_bytes(*length);
    let Ok(header) = std::str::from_utf8(header) else { return };
    let Some(ranges) = parse_ranges(header) else { return };
    assert!((1..=MAX_RANGES).contains(&ranges.len()));
    for range in ranges.iter().filter_map(|range| range.resolve(length)) {
        assert!(range.start < range.end && range.end <= length);
    }
}

/// `If-Match` and similar headers: one line for each header, and one for the object's ETag.
pub(super) fn conditions(data: &[u8]) {
    const NAMES: [&str; 4] = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
    let mut lines = data.split(|&byte| byte == b'\n');
    let etag = std::str::from_utf8(lines.next().unwrap_or_default()).ok();
    let mut headers = HeaderMap::new();
    for (name, line) in NAMES.into_iter().cycle().zip(lines) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let conditions = ReadConditions::from_headers(&headers);
    for modified in [0, 784_111_777, i64::MAX, i64::MIN] {
        for etag in [etag, None] {
            let _ = conditions.evaluate(etag, modified);
        }
    }
    // An ETag that can be quoted matches its own quotation.
    if let Some(etag) =
        etag.filter(|etag| !etag.is_empty() && etag.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        assert!(EtagList::parse(&format!("\"{etag}\"")).matches(Some(etag)));
        assert!(EtagList::parse(&format!("\"x\", \"{etag}\"")).matches(Some(etag)));
    }
}

/// The dates of headers and of signatures.
pub(super) fn dates(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(seconds) = parse_http(text) {
        assert_eq!(parse_http(&format_http(seconds)), Some(seconds));
    }
    if let Some(seconds) = parse_amz(text).filter(|seconds| *seconds >= 0) {
        assert_eq!(format_amz(seconds), text);
    }
}

/// A query string.
pub(super) fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let query = Query::parse(text);
    let _ = query.has_key_material();
    if query.iter().next().is_none() || !query.is_utf8() {
        return;
    }
    let pairs: Vec<_> = query.iter().collect();
    let encode = |text: &str| percent::encode(text.as_bytes());
    let rendered: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let again = Query::parse(&rendered.join("&"));
    assert!(again.iter().eq(pairs.iter().copied()));
    assert_eq!(again.has_key_material(), query.has_key_material());
    for (name, _) in pairs {
        assert!(query.has(name) && query.get(name).is_some() && query.all(name).next().is_some());
    }
}
