//! Which checksum an upload keeps: the rules of AWS about algorithm and type.

use poem::http::HeaderMap;

use crate::model::{ChecksumAlgorithm, ChecksumKind};
use crate::ops::UploadChecksum;
use crate::s3::checksum::UNSUPPORTED;
use crate::s3::checksum_names::kind_name;
use crate::s3::error::Fault;
use crate::s3::headers::text;

const ALGORITHM: &str = "x-amz-checksum-algorithm";
const TYPE: &str = "x-amz-checksum-type";

const TYPE_ALONE: &str =
    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
const BAD_TYPE: &str = "Value for x-amz-checksum-type header is invalid.";

/// What the client chose, if it did.
pub(super) fn chosen(headers: &HeaderMap) -> Result<Option<UploadChecksum>, Fault> {
    let kind = kind(headers)?;
    let Some(name) = text(headers, ALGORITHM)? else {
        return if kind.is_some() { Err(Fault::invalid_request(TYPE_ALONE)) } else { Ok(None) };
    };
    let algorithm = ChecksumAlgorithm::from_name(name).ok_or_else(|| Fault::invalid_request(UNSUPPORTED))?;
    let kind = kind.unwrap_or(match algorithm {
        ChecksumAlgorithm::Crc64Nvme => ChecksumKind::FullObject,
        _ => ChecksumKind::Composite,
    });
    let is_possible = match algorithm {
        ChecksumAlgorithm::Crc64Nvme => kind == ChecksumKind::FullObject,
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => kind == ChecksumKind::Composite,
        ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => true,
    };
    if !is_possible {
        let algorithm = algorithm.name().to_ascii_lowercase();
        return Err(Fault::invalid_request(format!(
            "The {} checksum type cannot be used with the {algorithm} checksum algorithm.",
            kind_name(kind)
        )));
    }
    Ok(Some(UploadChecksum { algorithm, kind, chosen: true }))
}

pub(super) fn kind(headers: &HeaderMap) -> Result<Option<ChecksumKind>, Fault> {
    match text(headers, TYPE)? {
        None => Ok(None),
        Some("FULL_OBJECT") => Ok(Some(ChecksumKind::FullObject)),
        Some("COMPOSITE") => Ok(Some(ChecksumKind::Composite)),
        Some(_) => Err(Fault::invalid_request(BAD_TYPE)),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn choice(
        pairs: &[(&'static str, &'static str)],
    ) -> Result<Option<(&'static str, &'static str)>, String> {
        let pairs = pairs.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        match chosen(&pairs.collect()) {
            Ok(choice) => Ok(choice.map(|c| (c.algorithm.name(), kind_name(c.kind)))),
            Err(Fault::InvalidRequest { message }) => Err(message),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn choices() {
        assert_eq!(choice(&[]), Ok(None));
        for (algorithm, kind, expected) in [
            ("CRC32", None, Some("COMPOSITE")),
            ("CRC32C", Some("FULL_OBJECT"), Some("FULL_OBJECT")),
            ("crc64nvme", None, Some("FULL_OBJECT")),
            ("SHA1", Some("COMPOSITE"), Some("COMPOSITE")),
            ("SHA256", None, Some("COMPOSITE")),
            ("SHA256", Some("FULL_OBJECT"), None),
            ("CRC64NVME", Some("COMPOSITE"), None),
            ("MD5", None, None),
            ("CRC32", Some("full_object"), None),
        ] {
            let mut pairs = vec![(ALGORITHM, algorithm)];
            pairs.extend(kind.map(|kind| (TYPE, kind)));
            assert_eq!(choice(&pairs).ok().flatten().map(|c| c.1), expected, "{pairs:?}");
        }
        assert_eq!(choice(&[(TYPE, "COMPOSITE")]), Err(TYPE_ALONE.to_owned()));
        assert_eq!(
            choice(&[(ALGORITHM, "SHA1"), (TYPE, "FULL_OBJECT")]),
            Err("The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm.".to_owned())
        );
    }
}
