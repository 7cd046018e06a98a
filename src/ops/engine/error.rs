//! The one closed error of the domain. Each front maps it through an exhaustive table; nothing is recognised by text.

use crate::http::body::BodyError;
use crate::model::{ChecksumAlgorithm, ChecksumKind, EncryptionMode, NameError, Timestamp, VersionId};
use crate::storage::index::MAX_REFERENCES;
use crate::{encryption, storage};

/// The error behind an error of ours, or a sentence.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller showed no credentials and the resource wants some.
    #[error("credentials are required")]
    Unauthenticated,
    /// The caller may not.
    #[error("access denied")]
    AccessDenied,
    /// No such account.
    #[error("no such account")]
    NoSuchAccount,
    /// No such bucket.
    #[error("no such bucket")]
    NoSuchBucket,
    /// No such object; a delete marker may be what answers for it.
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
    VersionIsMarker {
        /// It.
        marker: VersionId,
    },
    /// The account has a bucket of this name.
    #[error("the bucket exists and is yours")]
    BucketAlreadyOwned,
    /// Another account has the S3 name.
    #[error("the bucket name is taken")]
    BucketNameTaken,
    /// S3 does not allow a bucket of this name.
    #[error("the bucket name is not allowed")]
    InvalidBucketName,
    /// A name is empty, too long, or has a character it must not have.
    #[error("invalid name: {0}")]
    InvalidName(#[from] NameError),
    /// The bucket holds objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The object is SSE-C and no key was given.
    #[error("the object needs its customer key")]
    KeyRequired,
    /// The key given is not the object's.
    #[error("the customer key is not the object's")]
    WrongKey,
    /// A key was given for an object that is not SSE-C.
    #[error("the object was not stored with a customer key")]
    KeyNotApplicable {
        /// What it was stored with.
        mode: EncryptionMode,
    },
    /// A customer key came over a connection that is not secure.
    #[error("customer keys need a secure connection")]
    InsecureTransport,
    /// SSE-KMS was asked for and no key management service is configured.
    #[error("no key management service is configured")]
    KmsNotConfigured,
    /// No multipart upload of that id.
    #[error("no such upload")]
    NoSuchUpload,
    /// A part that Complete names is not there, or not with that ETag or checksum.
    #[error("part {number} is not there, or is another")]
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// The parts that Complete names are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// A part other than the last is smaller than a part may be.
    #[error("part {number} is smaller than a part may be")]
    PartTooSmall {
        /// Its number.
        number: u32,
        /// Its ETag, without quotes.
        etag: String,
        /// Its bytes.
        size: u64,
        /// The least that it must have.
        minimum: u64,
    },
    /// A part came without a customer key for an upload that has one, or with one for an upload that has none.
    #[error("the part's encryption is not the upload's")]
    PartEncryptionDiffers,
    /// A part came with another customer key than its upload.
    #[error("the part's customer key is not the upload's")]
    PartKeyDiffers,
    /// A part's checksum is of another algorithm than its upload's, or missing where the upload wants one.
    #[error("the part's checksum is not the upload's")]
    PartChecksumDiffers {
        /// The upload's, if it has one.
        expected: Option<ChecksumAlgorithm>,
        /// The part's, if it came with one.
        found: Option<ChecksumAlgorithm>,
    },
    /// Complete names a part without the checksum that the client chose to have of each.
    #[error("part {number} is named without its {algorithm} checksum")]
    PartChecksumMissing {
        /// Its number.
        number: u32,
        /// The upload's.
        algorithm: ChecksumAlgorithm,
    },
    /// A checksum of that algorithm cannot be one of that kind.
    #[error("a {algorithm} checksum cannot be of that kind")]
    ChecksumKindInvalid {
        /// The algorithm.
        algorithm: ChecksumAlgorithm,
        /// The kind.
        kind: ChecksumKind,
    },
    /// Complete says another kind of checksum than the upload keeps.
    #[error("the upload keeps a checksum of another kind")]
    ChecksumKindDiffers {
        /// The upload's.
        expected: ChecksumKind,
    },
    /// The whole of a multipart upload is not of the size that Complete says.
    #[error("the object is not of the size that was said")]
    SizeDiffers {
        /// What was said.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// The object has no part of that number.
    #[error("the object has no such part")]
    NoSuchPart,
    /// The range that is to be copied is not within its source.
    #[error("the range is not within the source of {size} bytes")]
    RangeNotInSource {
        /// The source's bytes.
        size: u64,
    },
    /// A copy of an object onto itself that would change nothing.
    #[error("a copy onto itself that changes nothing")]
    CopyChangesNothing,
    /// The key given for a copy's source is not the source's (or for the part's source).
    #[error("the customer key of the source is not the one it was stored with")]
    WrongSourceKey,
    /// The version named as a copy's source is a delete marker.
    #[error("the source of the copy is a delete marker")]
    SourceIsMarker,
    /// What is to be copied is larger than one copy may be.
    #[error("the source of the copy is larger than {limit} bytes")]
    SourceTooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// An object would be made of more parts than one may have, those of what it is copied from counted.
    #[error("the object would be made of more than {limit} parts, those of copied objects counted")]
    TooManyParts {
        /// How many there may be.
        limit: usize,
    },
    /// A copy would have more metadata than an object may have.
    #[error("the copy would have too much metadata")]
    TooMuchMetadata,
    /// A segment of a large object is missing, is another than the manifest names, or does not open.
    #[error("segment {path}: {problem}")]
    SegmentConflict {
        /// `/container/object`.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A segment of a keyed manifest may not be sealed under the manifest's key.
    #[error("segment {path} cannot be sealed under the key: {problem}")]
    SegmentRefused {
        /// `/container/object`.
        path: String,
        /// Why.
        problem: &'static str,
    },
    /// A large object of more leaf segments than one may have, or nested too deep.
    #[error("more than {limit} segments")]
    TooManySegments {
        /// How many there may be.
        limit: u32,
    },
    /// The segments of a manifest do not check out: what is wrong with each, in Swift's words.
    #[error("the manifest's segments do not check out")]
    InvalidSegments {
        /// `/container/object` and the problem.
        problems: Vec<(String, String)>,
    },
    /// `If-Match` and friends.
    #[error("a precondition failed")]
    PreconditionFailed,
    /// `If-None-Match` and friends on a read.
    #[error("not modified")]
    NotModified {
        /// The ETag of the caller's face, if known.
        etag: Option<String>,
        /// When it last changed.
        modified: Timestamp,
    },
    /// The body's MD5 is not what the client said (`Content-MD5`, Swift's `ETag`).
    #[error("the body does not match its MD5")]
    Md5Mismatch {
        /// Hex, from the client.
        expected: String,
        /// Hex, of what arrived.
        computed: String,
    },
    /// The body's checksum is not what the client said.
    #[error("the body does not match its {algorithm} checksum")]
    ChecksumMismatch {
        /// Which.
        algorithm: ChecksumAlgorithm,
    },
    /// The body is larger than an object may be.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client's body ended early, stalled, or was malformed.
    #[error("the body could not be read: {0}")]
    Body(#[from] BodyError),
    /// The object changed while the operation ran, again and again.
    #[error("the object is changing")]
    Conflict,
    /// Stored bytes do not verify: damage or tampering. Nothing that did not verify was sent.
    #[error("stored data does not verify: {0}")]
    Corrupt(#[source] Cause),
    /// The disk is full but for its reserve: reads and deletes go on.
    #[error("there is no room left on the disk")]
    Full,
    /// Storage is away for now.
    #[error("storage is unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// A defect of ours.
    #[error("internal error: {0}")]
    Internal(#[source] Cause),
}

impl Error {
    /// A short name for metrics and the audit log. Says nothing about content.
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
