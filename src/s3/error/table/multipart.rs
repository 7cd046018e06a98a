//! The errors of multipart uploads.

use poem::http::StatusCode;

use super::{Answer, BAD, NOT_FOUND};
use crate::model::{ChecksumAlgorithm, ChecksumKind};
use crate::s3::checksum_names::kind_name;
use crate::s3::error::ErrorContext;

pub(super) fn no_such_upload(context: &ErrorContext) -> Answer {
    Answer::new(
        NOT_FOUND,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
         completed.",
    )
    .maybe("UploadId", context.upload.clone())
}

pub(super) fn invalid_part(number: u32, context: &ErrorContext) -> Answer {
    Answer::new(
        BAD,
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
         specified entity tag may not match the part's entity tag.",
    )
    .maybe("UploadId", context.upload.clone())
    .with("PartNumber", number.to_string())
}

pub(super) fn invalid_part_order(context: &ErrorContext) -> Answer {
    Answer::new(
        BAD,
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
    )
    .maybe("UploadId", context.upload.clone())
}

pub(super) fn part_too_small(number: u32, etag: &str, size: u64, minimum: u64) -> Answer {
    Answer::new(BAD, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        .with("ProposedSize", size.to_string())
        .with("MinSizeAllowed", minimum.to_string())
        .with("PartNumber", number.to_string())
        .with("ETag", etag)
}

pub(super) fn part_encryption_differs() -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate \
         encryption parameters.",
    )
}

pub(super) fn part_key_differs() -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        "The provided encryption parameters did not match the ones used originally.",
    )
}

pub(super) fn part_checksum_differs(
    expected: Option<ChecksumAlgorithm>,
    found: Option<ChecksumAlgorithm>,
) -> Answer {
    let name = |algorithm: Option<ChecksumAlgorithm>| {
        algorithm.map_or_else(|| "null".to_owned(), |algorithm| algorithm.name().to_ascii_lowercase())
    };
    Answer::new(
        BAD,
        "InvalidRequest",
        format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            name(expected),
            name(found)
        ),
    )
}

pub(super) fn part_checksum_missing(number: u32, algorithm: ChecksumAlgorithm) -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each \
             part. It was missing for part {number} in the request.",
            algorithm.name().to_ascii_lowercase()
        ),
    )
}

pub(super) fn checksum_kind_invalid(algorithm: ChecksumAlgorithm, kind: ChecksumKind) -> Answer {
    let kind = kind_name(kind);
    let algorithm = algorithm.name().to_ascii_lowercase();
    Answer::new(
        BAD,
        "InvalidRequest",
        format!("The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."),
    )
}

pub(super) fn checksum_kind_differs(expected: ChecksumKind) -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            kind_name(expected)
        ),
    )
}

pub(super) fn size_differs(expected: u64, found: u64) -> Answer {
    Answer::new(
        BAD,
        "InvalidRequest",
        format!(
            "The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {found}"
        ),
    )
}

pub(super) fn no_such_part() -> Answer {
    Answer::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
    )
}
