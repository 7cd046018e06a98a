//! The domain's errors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::StatusCode;

use super::{
    Answer, BAD, CONFLICT, FORBIDDEN, NOT_FOUND, NOT_IMPLEMENTED, access_denied, body, copy,
    entity_too_large, full, internal, invalid_bucket_name, key_too_long, method_not_allowed, multipart,
    unavailable,
};
use crate::http::date;
use crate::model::NameError;
use crate::ops;
use crate::s3::error::ErrorContext;

#[expect(clippy::too_many_lines, reason = "one table, to be read from top to bottom")]
pub(super) fn answer(error: &ops::Error, context: &ErrorContext) -> Answer {
    use ops::Error as E;
    match error {
        E::Unauthenticated | E::AccessDenied | E::SegmentRefused { .. } => access_denied(),
        E::NoSuchAccount | E::NoSuchBucket => {
            Answer::new(NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist")
                .maybe("BucketName", context.bucket.clone())
        }
        E::NoSuchObject { marker } => {
            let answer = Answer::new(NOT_FOUND, "NoSuchKey", "The specified key does not exist.")
                .maybe("Key", context.key.clone());
            match marker {
                Some(marker) => {
                    answer.header("x-amz-delete-marker", "true").header("x-amz-version-id", marker.to_string())
                }
                None => answer,
            }
        }
        E::NoSuchVersion => Answer::new(NOT_FOUND, "NoSuchVersion", "The specified version does not exist.")
            .maybe("Key", context.key.clone())
            .maybe("VersionId", context.version.clone()),
        E::VersionIsMarker { marker } => method_not_allowed(context, "DeleteMarker")
            .header("allow", "DELETE")
            .header("x-amz-delete-marker", "true")
            .header("x-amz-version-id", marker.to_string()),
        E::BucketAlreadyOwned => Answer::new(
            CONFLICT,
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
        )
        .maybe("BucketName", context.bucket.clone()),
        E::BucketNameTaken => Answer::new(
            CONFLICT,
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again.",
        )
        .maybe("BucketName", context.bucket.clone()),
        E::InvalidName(NameError::TooLong { found, limit }) => key_too_long(*found, *limit),
        E::InvalidBucketName | E::InvalidName(NameError::Empty | NameError::Slash) => {
            invalid_bucket_name(context.bucket.clone())
        }
        E::BucketNotEmpty => Answer::new(CONFLICT, "BucketNotEmpty", "The bucket you tried to delete is not empty")
            .maybe("BucketName", context.bucket.clone()),
        E::KeyRequired => Answer::new(
            BAD,
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to \
             retrieve the object.",
        ),
        E::WrongKey => Answer::new(
            FORBIDDEN,
            "AccessDenied",
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
        ),
        E::KeyNotApplicable { .. } => {
            Answer::new(BAD, "InvalidRequest", "The encryption parameters are not applicable to this object.")
        }
        E::InsecureTransport => Answer::new(
            BAD,
            "InvalidRequest",
            "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure \
             connection.",
        ),
        E::KmsNotConfigured => Answer::new(
            NOT_IMPLEMENTED,
            "NotImplemented",
            "Server side encryption specified but KMS is not configured",
        ),
        E::NoSuchUpload => multipart::no_such_upload(context),
        E::InvalidPart { number } => multipart::invalid_part(*number, context),
        E::InvalidPartOrder => multipart::invalid_part_order(context),
        E::PartTooSmall { number, etag, size, minimum } => {
            multipart::part_too_small(*number, etag, *size, *minimum)
        }
        E::PartEncryptionDiffers => multipart::part_encryption_differs(),
        E::PartKeyDiffers => multipart::part_key_differs(),
        E::PartChecksumDiffers { expected, found } => multipart::part_checksum_differs(*expected, *found),
        E::PartChecksumMissing { number, algorithm } => {
            multipart::part_checksum_missing(*number, *algorithm)
        }
        E::ChecksumKindInvalid { algorithm, kind } => multipart::checksum_kind_invalid(*algorithm, *kind),
        E::ChecksumKindDiffers { expected } => multipart::checksum_kind_differs(*expected),
        E::SizeDiffers { expected, found } => multipart::size_differs(*expected, *found),
        E::NoSuchPart => multipart::no_such_part(),
        E::RangeNotInSource { size } => copy::range_not_in_source(*size),
        E::CopyChangesNothing => copy::changes_nothing(),
        E::WrongSourceKey => copy::wrong_source_key(),
        E::SourceIsMarker => copy::source_is_marker(),
        E::SourceTooLarge { limit } => copy::source_too_large(*limit),
        E::TooMuchMetadata => copy::too_much_metadata(),
        E::SegmentConflict { path, problem } => Answer::new(
            CONFLICT,
            "InvalidObjectState",
            format!("The large object's segment {path} cannot be read: {problem}"),
        ),
        E::TooManySegments { .. } | E::TooManyParts { .. } | E::InvalidSegments { .. } => {
            Answer::new(BAD, "InvalidRequest", error.to_string())
        }
        E::PreconditionFailed => Answer::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        )
        .maybe("Condition", context.condition.map(str::to_owned)),
        E::NotModified { etag, modified } => {
            let answer = Answer::new(StatusCode::NOT_MODIFIED, "NotModified", "Not Modified")
                .header("last-modified", date::format_http(modified.seconds_ceil()));
            match etag {
                Some(etag) => answer.header("etag", format!("\"{etag}\"")),
                None => answer,
            }
        }
        E::Md5Mismatch { expected, computed } => {
            let calculated = hex::decode(computed).map(|md5| STANDARD.encode(md5)).unwrap_or_default();
            Answer::new(BAD, "BadDigest", "The Content-MD5 you specified did not match what we received.")
                .with("ExpectedDigest", expected.as_str())
                .with("CalculatedDigest", calculated)
        }
        E::ChecksumMismatch { algorithm } => Answer::new(
            BAD,
            "BadDigest",
            format!("The {algorithm} you specified did not match the calculated checksum."),
        ),
        E::TooLarge { limit } => entity_too_large(*limit),
        E::Body(error) => body::answer(error),
        E::Conflict => Answer::new(
            CONFLICT,
            "OperationAborted",
            "A conflicting conditional operation is currently in progress against this resource. Try again.",
        ),
        E::Full => full(),
        E::Unavailable(_) => unavailable(),
        E::Corrupt(_) | E::Internal(_) => internal(),
    }
}
