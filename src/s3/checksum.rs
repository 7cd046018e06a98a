//! `Content-MD5` and `x-amz-checksum-*`: what a client says of its body, and what an answer says of the
//! object.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::HeaderMap;
use poem::http::header::{HeaderName, HeaderValue};

use super::aws_chunked::AnnouncedTrailer;
use super::error::Fault;
use super::headers::text;
use crate::model::{ChecksumAlgorithm, ChecksumKind, StoredChecksum};
use crate::ops::{ChecksumRequest, ExpectedChecksum};

const PREFIX: &str = "x-amz-checksum-";
const SDK_ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";
const MODE: &str = "x-amz-checksum-mode";
const TYPE: &str = "x-amz-checksum-type";
const TRAILER: &str = "x-amz-trailer";

const SEVERAL: &str = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
pub(super) const UNSUPPORTED: &str = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                           [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
const UNKNOWN_TYPE: &str = "The algorithm type you specified in x-amz-checksum- header is invalid.";
const ALONE: &str = "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                     headers were found.";
const MISMATCH: &str = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
const BAD_TRAILER: &str = "The value specified in the x-amz-trailer header is not supported";

/// The checksum that `x-amz-trailer` announces.
pub(super) fn announced(headers: &HeaderMap) -> Result<Option<AnnouncedTrailer>, Fault> {
    let Some(value) = text(headers, TRAILER)? else { return Ok(None) };
    let name = value.trim_end_matches(',').trim().to_ascii_lowercase();
    match ChecksumAlgorithm::from_header(&name) {
        Some(algorithm) => Ok(Some(AnnouncedTrailer { algorithm, value: Arc::default() })),
        None if name.contains(',') => Err(Fault::invalid_request(SEVERAL)),
        None => Err(Fault::invalid_request(BAD_TRAILER)),
    }
}

/// What a write says of its body: at most one checksum, in a header or in a trailer.
pub(super) fn of_write(
    headers: &HeaderMap,
    trailer: Option<&AnnouncedTrailer>,
) -> Result<Vec<ChecksumRequest>, Fault> {
    let mut chosen = None;
    for name in headers.keys().map(HeaderName::as_str).filter(|name| is_value(name)) {
        let algorithm =
            ChecksumAlgorithm::from_header(name).ok_or_else(|| Fault::invalid_request(UNKNOWN_TYPE))?;
        if chosen.is_some() || trailer.is_some() {
            return Err(Fault::invalid_request(SEVERAL));
        }
        let value = STANDARD.decode(text(headers, name)?.unwrap_or_default());
        let value = value.ok().filter(|value| value.len() == algorithm.length());
        let value =
            value.ok_or_else(|| Fault::invalid_request(format!("Value for {name} header is invalid.")))?;
        chosen = Some(ChecksumRequest { algorithm, expected: ExpectedChecksum::Value(value) });
    }
    if let Some(AnnouncedTrailer { algorithm, value }) = trailer {
        chosen = Some(ChecksumRequest {
            algorithm: *algorithm,
            expected: ExpectedChecksum::Trailer(value.clone()),
        });
    }
    if let Some(name) = text(headers, SDK_ALGORITHM)? {
        let named = ChecksumAlgorithm::from_name(name).ok_or_else(|| Fault::invalid_request(UNSUPPORTED))?;
        match &chosen {
            None => return Err(Fault::invalid_request(ALONE)),
            Some(chosen) if chosen.algorithm != named => return Err(Fault::invalid_request(MISMATCH)),
            Some(_) => {}
        }
    }
    Ok(chosen.into_iter().collect())
}

fn is_value(name: &str) -> bool {
    name.starts_with(PREFIX) && ![MODE, TYPE, "x-amz-checksum-algorithm"].contains(&name)
}

pub(super) fn content_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Fault> {
    let Some(value) = text(headers, "content-md5")? else { return Ok(None) };
    let md5 = STANDARD.decode(value).ok().and_then(|bytes| bytes.try_into().ok());
    md5.map(Some).ok_or_else(|| Fault::InvalidDigest { value: value.to_owned() })
}

/// Whether a read asks for checksums.
pub(super) fn wanted(headers: &HeaderMap) -> Result<bool, Fault> {
    match text(headers, MODE)? {
        None => Ok(false),
        Some(mode) if mode.eq_ignore_ascii_case("ENABLED") => Ok(true),
        Some(_) => Err(Fault::invalid_request("Value for x-amz-checksum-mode header is invalid.")),
    }
}

/// Writes a part's checksums into the headers of an answer: only whole objects have a type.
pub(super) fn write_of_part(checksums: &[StoredChecksum], headers: &mut HeaderMap) {
    for checksum in checksums {
        if let Ok(value) = HeaderValue::from_str(&STANDARD.encode(&checksum.value)) {
            headers.insert(HeaderName::from_static(checksum.algorithm.header()), value);
        }
    }
}

/// Writes checksums into the headers of an answer.
pub(super) fn write(checksums: &[StoredChecksum], parts: Option<u32>, headers: &mut HeaderMap) {
    for checksum in checksums {
        let value = STANDARD.encode(&checksum.value);
        let (value, kind) = match (checksum.kind, parts) {
            (ChecksumKind::FullObject, _) => (value, "FULL_OBJECT"),
            (ChecksumKind::Composite, Some(parts)) => (format!("{value}-{parts}"), "COMPOSITE"),
            (ChecksumKind::Composite, None) => (value, "COMPOSITE"),
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(checksum.algorithm.header()), value);
            headers.insert(HeaderName::from_static(TYPE), HeaderValue::from_static(kind));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    fn refusal(pairs: &[(&'static str, &'static str)]) -> String {
        let headers = headers(pairs);
        let trailer = match announced(&headers) {
            Ok(trailer) => trailer,
            Err(Fault::InvalidRequest { message }) => return message,
            Err(other) => panic!("{other:?}"),
        };
        match of_write(&headers, trailer.as_ref()) {
            Err(Fault::InvalidRequest { message }) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_in_a_header_or_a_trailer() {
        let given = headers(&[("x-amz-checksum-crc32", "y/Q5Jg=="), (SDK_ALGORITHM, "crc32")]);
        let chosen = of_write(&given, None).unwrap();
        assert!(matches!(&chosen[0].expected, ExpectedChecksum::Value(v) if v == &[0xcb, 0xf4, 0x39, 0x26]));
        let given = headers(&[(TRAILER, "x-amz-checksum-crc64nvme"), (SDK_ALGORITHM, "CRC64NVME")]);
        let trailer = announced(&given).unwrap();
        let chosen = of_write(&given, trailer.as_ref()).unwrap();
        assert!(matches!(chosen[0].expected, ExpectedChecksum::Trailer(_)));
        assert!(of_write(&HeaderMap::new(), None).unwrap().is_empty());
    }

    #[test]
    fn refused() {
        const CRC32: (&str, &str) = ("x-amz-checksum-crc32", "y/Q5Jg==");
        assert_eq!(refusal(&[CRC32, ("x-amz-checksum-crc32c", "y/Q5Jg==")]), SEVERAL);
        assert_eq!(refusal(&[CRC32, (TRAILER, "x-amz-checksum-sha1")]), SEVERAL);
        assert_eq!(refusal(&[(TRAILER, "x-amz-checksum-sha1,x-amz-checksum-crc32")]), SEVERAL);
        assert_eq!(refusal(&[(TRAILER, "x-amz-meta-a")]), BAD_TRAILER);
        assert_eq!(
            refusal(&[("x-amz-checksum-crc32", "y/Q5")]),
            "Value for x-amz-checksum-crc32 header is invalid."
        );
        assert_eq!(refusal(&[("x-amz-checksum-md4", "y/Q5")]), UNKNOWN_TYPE);
        assert_eq!(refusal(&[(SDK_ALGORITHM, "CRC32")]), ALONE);
        assert_eq!(refusal(&[(SDK_ALGORITHM, "SHA1"), CRC32]), MISMATCH);
        assert_eq!(refusal(&[(SDK_ALGORITHM, "MD4"), CRC32]), UNSUPPORTED);
    }

    #[test]
    fn md5() {
        let zero = headers(&[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")]);
        assert_eq!(content_md5(&zero).unwrap(), Some([0; 16]));
        for bad in ["", "AAAA", "not base64", "00000000000000000000000000000000"] {
            assert!(
                matches!(content_md5(&headers(&[("content-md5", bad)])), Err(Fault::InvalidDigest { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn shown() {
        let checksum = |kind| StoredChecksum { algorithm: ChecksumAlgorithm::Crc32, kind, value: vec![0; 4] };
        let mut out = HeaderMap::new();
        write(&[checksum(ChecksumKind::FullObject)], None, &mut out);
        assert_eq!(
            (&out["x-amz-checksum-crc32"], &out[TYPE]),
            (&"AAAAAA==".parse().unwrap(), &"FULL_OBJECT".parse().unwrap())
        );
        write(&[checksum(ChecksumKind::Composite)], Some(3), &mut out);
        assert_eq!(out["x-amz-checksum-crc32"], "AAAAAA==-3");
    }
}
