//! The only error type of the domain. Each front maps it through an exhaustive table; no error is recognised
//! by its text.

use crate::http::body::BodyError;
use crate::model::{ChecksumAlgorithm, ChecksumKind, EncryptionMode, NameError, Timestamp, VersionId};
use crate::storage::index::MAX_REFERENCES;
use crate::{encryption, storage};

/// The error that caused ours, or a sentence.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The resource needs credentials, and the caller sent none.
    #[error("credentials are required")]
    Unauthenticated,
    /// The caller is not allowed to do this.
    #[error("access denied")]
    AccessDenied,
    #[error("no such account")]
    NoSuchAccount,
    #[error("no such bucket")]
    NoSuchBucket,
    /// No such object. Its current version may be a delete marker.
    #[error("no such object")]
    NoSuchObject {
        /// The current delete marker, if any.
        marker: Option<VersionId>,
    },
    /// No such version of the object.
    #[error("no such version")]
    NoSuchVersion,
    /// The version named is a delete marker, which cannot be read.
    #[error("the version is a delete marker")]
    VersionIsMarker { marker: VersionId },
    /// The account already has a bucket of this name.
    #[error("the bucket exists and is yours")]
    BucketAlreadyOwned,
    /// Another account has a bucket of this S3 name.
    #[error("the bucket name is taken")]
    BucketNameTaken,
    /// S3 does not allow a bucket of this name.
    #[error("the bucket name is not allowed")]
    InvalidBucketName,
    /// A name is empty, too long, or contains a character that is not allowed.
    #[error("invalid name: {0}")]
    InvalidName(#[from] NameError),
    /// The bucket holds objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The object is SSE-C and no key was given.
    #[error("the object needs its customer key")]
    KeyRequired,
    /// The given key is not the object's key.
    #[error("the customer key is not the key of the object")]
    WrongKey,
    /// A key was given for an object that is not SSE-C.
    #[error("the object was not stored with a customer key")]
    KeyNotApplicable {
        /// The mode in which the object was stored.
        mode: EncryptionMode,
    },
    /// A customer key came over a connection that is not secure.
    #[error("customer keys need a secure connection")]
    InsecureTransport,
    /// The request asks for SSE-KMS, and no key management service is configured.
    #[error("no key management service is configured")]
    KmsNotConfigured,
    /// No multipart upload has that id.
    #[error("no such upload")]
    NoSuchUpload,
    /// A part that Complete names does not exist, or has another ETag or checksum.
    #[error("part {number} does not exist, or is another part")]
    InvalidPart { number: u32 },
    /// The parts that Complete names are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// A part other than the last is smaller than the minimum.
    #[error("part {number} is smaller than the minimum")]
    PartTooSmall {
        number: u32,
        /// Its ETag, without quotes.
        etag: String,
        size: u64,
        /// The smallest allowed size in bytes.
        minimum: u64,
    },
    /// The upload has a customer key and the part came without one, or the other way round.
    #[error("the part is not encrypted in the same way as the upload")]
    PartEncryptionDiffers,
    /// The customer key of a part is not the key of its upload.
    #[error("the customer key of the part is not the key of the upload")]
    PartKeyDiffers,
    /// A part's checksum has another algorithm than its upload, or is missing although the upload requires
    /// one.
    #[error("the part does not have the checksum algorithm of the upload")]
    PartChecksumDiffers {
        /// The algorithm of the upload, if it has one.
        expected: Option<ChecksumAlgorithm>,
        /// The algorithm of the part, if it came with a checksum.
        found: Option<ChecksumAlgorithm>,
    },
    /// Complete names a part without its checksum, although the client chose to have one for each part.
    #[error("part {number} is named without its {algorithm} checksum")]
    PartChecksumMissing { number: u32, algorithm: ChecksumAlgorithm },
    /// The algorithm does not allow this kind of checksum.
    #[error("a {algorithm} checksum cannot be of that kind")]
    ChecksumKindInvalid { algorithm: ChecksumAlgorithm, kind: ChecksumKind },
    /// Complete names another kind of checksum than the upload has.
    #[error("the upload has a checksum of another kind")]
    ChecksumKindDiffers { expected: ChecksumKind },
    /// The size of the completed object is not the size that Complete names.
    #[error("the size of the object is not the size in the request")]
    SizeDiffers { expected: u64, found: u64 },
    /// The object has no part with that number.
    #[error("the object has no such part")]
    NoSuchPart,
    /// The range to copy is not within its source.
    #[error("the range is not within the source of {size} bytes")]
    RangeNotInSource {
        /// The size of the source in bytes.
        size: u64,
    },
    /// A copy of an object onto itself that would change nothing.
    #[error("the copy of an object onto itself changes nothing")]
    CopyChangesNothing,
    /// The given key for the source of a copy, or of a part's copy, is not the source's key.
    #[error("the customer key is not the key of the source")]
    WrongSourceKey,
    /// The version named as a copy's source is a delete marker.
    #[error("the source of the copy is a delete marker")]
    SourceIsMarker,
    /// The source of a copy is larger than the limit for one copy.
    #[error("the source of the copy is larger than {limit} bytes")]
    SourceTooLarge {
        /// The most bytes that one copy may have.
        limit: u64,
    },
    /// An object would have too many parts. The parts of the objects it is copied from count too.
    #[error("the object would have more than {limit} parts, including the parts of copied objects")]
    TooManyParts { limit: usize },
    /// A copy would have too much metadata.
    #[error("the copy would have too much metadata")]
    TooMuchMetadata,
    /// A segment of a large object is missing, has changed since the manifest was written, or cannot be
    /// opened.
    #[error("segment {path}: {problem}")]
    SegmentConflict {
        /// The segment's path, as `/container/object`.
        path: String,
        problem: &'static str,
    },
    /// A segment of a keyed manifest may not be sealed under the manifest's key.
    #[error("segment {path} cannot be sealed under the key: {problem}")]
    SegmentRefused {
        /// The segment's path, as `/container/object`.
        path: String,
        problem: &'static str,
    },
    /// A large object has too many leaf segments, or is nested too deep.
    #[error("more than {limit} segments")]
    TooManySegments { limit: u32 },
    /// Some segments of a manifest are not valid. Each problem is given in Swift's words.
    #[error("some segments of the manifest are not valid")]
    InvalidSegments {
        /// Pairs of `/container/object` and the problem.
        problems: Vec<(String, String)>,
    },
    /// A condition such as `If-Match` is not met.
    #[error("a precondition failed")]
    PreconditionFailed,
    /// A condition on a read, such as `If-None-Match`, is not met.
    #[error("not modified")]
    NotModified {
        /// The ETag of the caller's face, if known.
        etag: Option<String>,
        /// The time of the object's last change.
        modified: Timestamp,
    },
    /// The body's MD5 is not the one that the client sent (`Content-MD5`, or `ETag` on Swift).
    #[error("the body does not match its MD5")]
    Md5Mismatch {
        /// The client's MD5, in hex.
        expected: String,
        /// The MD5 of the body that arrived, in hex.
        computed: String,
    },
    /// The body's checksum is not the one that the client sent.
    #[error("the body does not match its {algorithm} checksum")]
    ChecksumMismatch { algorithm: ChecksumAlgorithm },
    /// The body is larger than an object may be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client's body ended early, stalled, or was malformed.
    #[error("the body could not be read: {0}")]
    Body(#[from] BodyError),
    /// Other requests changed the object during every attempt of the operation.
    #[error("other requests keep changing the object")]
    Conflict,
    /// Stored bytes do not verify: they were damaged or tampered with. Only bytes that verified were sent.
    #[error("stored data does not verify: {0}")]
    Corrupt(#[source] Cause),
    /// The disk is full except for its reserve. Reads and deletes still work.
    #[error("there is no room left on the disk")]
    Full,
    /// The storage cannot be reached at the moment.
    #[error("storage is unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// A defect of Cardea itself.
    #[error("internal error: {0}")]
    Internal(#[source] Cause),
}

impl Error {
    /// A short name for metrics and the audit log. It reveals nothing about content.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::AccessDenied => "access-denied",
            Self::NoSuchAccount => "no-such-account",
            Self::NoSuchBucket => "no-such-bucket",
            Self::NoSuchObject { .. } => "no-such-object",
            Self::NoSuchVersion => "no-such-version",
            Self::VersionIsMarker { .. } => "version-is-marker",
            Self::BucketAlreadyOwned => "bucket-already-owned",
            Self::BucketNameTaken => "bucket-name-taken",
            Self::InvalidBucketName => "invalid-bucket-name",
            Self::InvalidName(_) => "invalid-name",
            Self::BucketNotEmpty => "bucket-not-empty",
            Self::KeyRequired => "key-required",
            Self::WrongKey => "wrong-key",
            Self::KeyNotApplicable { .. } => "key-not-applicable",
            Self::InsecureTransport => "insecure-transport",
            Self::KmsNotConfigured => "kms-not-configured",
            Self::NoSuchUpload => "no-such-upload",
            Self::InvalidPart { .. } => "invalid-part",
            Self::InvalidPartOrder => "invalid-part-order",
            Self::PartTooSmall { .. } => "part-too-small",
            Self::PartEncryptionDiffers => "part-encryption-differs",
            Self::PartKeyDiffers => "part-key-differs",
            Self::PartChecksumDiffers { .. } => "part-checksum-differs",
            Self::PartChecksumMissing { .. } => "part-checksum-missing",
            Self::ChecksumKindInvalid { .. } => "checksum-kind-invalid",
            Self::ChecksumKindDiffers { .. } => "checksum-kind-differs",
            Self::SizeDiffers { .. } => "size-differs",
            Self::NoSuchPart => "no-such-part",
            Self::RangeNotInSource { .. } => "range-not-in-source",
            Self::CopyChangesNothing => "copy-changes-nothing",
            Self::WrongSourceKey => "wrong-source-key",
            Self::SourceIsMarker => "source-is-marker",
            Self::SourceTooLarge { .. } => "source-too-large",
            Self::TooManyParts { .. } => "too-many-parts",
            Self::TooMuchMetadata => "too-much-metadata",
            Self::SegmentConflict { .. } => "segment-conflict",
            Self::SegmentRefused { .. } => "segment-refused",
            Self::TooManySegments { .. } => "too-many-segments",
            Self::InvalidSegments { .. } => "invalid-segments",
            Self::PreconditionFailed { .. } => "precondition-failed",
            Self::NotModified { .. } => "not-modified",
            Self::Md5Mismatch { .. } => "md5-mismatch",
            Self::ChecksumMismatch { .. } => "checksum-mismatch",
            Self::TooLarge { .. } => "too-large",
            Self::Body(_) => "body",
            Self::Conflict => "conflict",
            Self::Corrupt(_) => "corrupt",
            Self::Full => "full",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        use storage::Error as S;
        match error {
            S::NoSuchBucket => Self::NoSuchBucket,
            S::BucketExists(_) => Self::BucketAlreadyOwned,
            S::NameTaken => Self::BucketNameTaken,
            S::BucketNotEmpty => Self::BucketNotEmpty,
            S::NoSuchObject { marker } => Self::NoSuchObject { marker },
            S::NoSuchUpload => Self::NoSuchUpload,
            S::PreconditionFailed => Self::PreconditionFailed,
            S::Changed => Self::Conflict,
            S::TooManyReferences => Self::TooManyParts { limit: MAX_REFERENCES },
            S::Fenced => Self::Unavailable("this writer is fenced".into()),
            S::BlobDamaged { .. } | S::Damaged(_) => Self::Corrupt(error.into()),
            S::Full => Self::Full,
            S::Unavailable(source) => Self::Unavailable(source),
            S::Seal => Self::Internal("sealing failed".into()),
            S::Internal(source) => Self::Internal(source),
        }
    }
}

impl From<encryption::Error> for Error {
    fn from(error: encryption::Error) -> Self {
        match error {
            encryption::Error::WrongKey => Self::WrongKey,
            other => Self::Corrupt(other.into()),
        }
    }
}
