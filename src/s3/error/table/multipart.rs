//! The errors of multipart uploads.

use poem::http::StatusCode;

use super::{Answer, BAD, NOT_FOUND, internal};
use crate::ops;
use crate::s3::error::ErrorContext;
use crate::s3::object::kind_name;

pub(super) fn answer(error: &ops::Error, context: &ErrorContext) -> Answer {
    use ops::Error as E;
    match error {
        E::NoSuchUpload => Answer::new(
            NOT_FOUND,
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
             completed.",
        )
        .maybe("UploadId", context.upload.clone()),
        E::InvalidPart { number } => Answer::new(
            BAD,
            "InvalidPart",
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
             specified entity tag may not match the part's entity tag.",
        )
        .maybe("UploadId", context.upload.clone())
        .with("PartNumber", number.to_string()),
        E::InvalidPartOrder => Answer::new(
            BAD,
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        )
        .maybe("UploadId", context.upload.clone()),
        E::PartTooSmall { number, etag, size, minimum } => Answer::new(
            BAD,
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        )
        .maybe("ProposedSize", Some(size.to_string()))
        .maybe("MinSizeAllowed", Some(minimum.to_string()))
        .maybe("PartNumber", Some(number.to_string()))
        .maybe("ETag", Some(etag.clone())),
        E::PartEncryptionDiffers => Answer::new(
            BAD,
            "InvalidRequest",
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate \
             encryption parameters.",
        ),
        E::PartKeyDiffers => Answer::new(
            BAD,
            "InvalidRequest",
            "The provided encryption parameters did not match the ones used originally.",
        ),
        E::PartChecksumDiffers { expected, found } => {
            let name = |algorithm: &Option<crate::model::ChecksumAlgorithm>| {
                algorithm.map_or_else(|| "null".to_owned(), |a| a.name().to_ascii_lowercase())
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
        E::PartChecksumMissing { number, algorithm } => Answer::new(
            BAD,
            "InvalidRequest",
            format!(
                "The upload was created using a {} checksum. The complete request must include the checksum for each \
                 part. It was missing for part {number} in the request.",
                algorithm.name().to_ascii_lowercase()
            ),
        ),
        E::ChecksumKindInvalid { algorithm, kind } => {
            let kind = kind_name(*kind);
            let algorithm = algorithm.name().to_ascii_lowercase();
            Answer::new(
                BAD,
                "InvalidRequest",
                format!("The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."),
            )
        }
        E::ChecksumKindDiffers { expected } => Answer::new(
            BAD,
            "InvalidRequest",
            format!(
                "The upload was created using the {} checksum mode. The complete request must use the same checksum \
                 mode.",
                kind_name(*expected)
            ),
        ),
        E::SizeDiffers { expected, found } => Answer::new(
            BAD,
            "InvalidRequest",
            format!(
                "The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {found}"
            ),
        ),
        E::NoSuchPart => Answer::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
        ),
        _ => internal(),
    }
}
