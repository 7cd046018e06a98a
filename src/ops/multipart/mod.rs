//! Multipart uploads (S3): begun, filled part by part, completed or aborted.
//!
//! An upload is a version in the making: it has the version's uid, key and mode from the start, its parts are sealed under
//! that key as they come, and Complete publishes what stands, moving no byte and needing no key. The index decides every
//! race: what loses finds no upload, and leaves nothing behind.

mod abort;
mod complete;
mod copy_part;
mod create;
mod list;
mod open;
mod part;
mod stored;
mod whole;

use crate::encryption::CustomerKey;
use crate::http::body::Body;
use crate::model::{
    ChecksumKind, EncryptionMode, ObjectKey, ObjectMetadata, StoredChecksum, Timestamp, UserId, VersionId,
    VersionUid,
};
use crate::ops::bytes::source::CopySource;
use crate::ops::object::put::{ChecksumRequest, WriteEncryption};
use crate::storage::index::{BucketAddress, Precondition, UploadChecksum};

pub(super) use self::stored::span;

/// The least bytes that a part other than the last may have: 5 MiB (AWS, "Amazon S3 multipart upload limits").
pub const MIN_PART: u64 = 5 << 20;
/// The highest number of a part.
pub const MAX_PART_NUMBER: u32 = 10_000;

/// How often an operation starts anew when what it read changes under it.
const ATTEMPTS: u32 = 8;

/// CreateMultipartUpload.
#[derive(Debug)]
pub struct CreateUpload {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// How the object is encrypted.
    pub encryption: WriteEncryption,
    /// The object's metadata.
    pub metadata: ObjectMetadata,
    /// The checksum that the client chose. Where it chose none an SSE-S3 upload keeps CRC64NVME of the whole, and an SSE-C
    /// upload keeps none.
    pub checksum: Option<UploadChecksum>,
}

/// An upload that has begun.
#[derive(Clone, Debug)]
pub struct CreatedUpload {
    /// Its id.
    pub upload: VersionUid,
    /// Its mode.
    pub mode: EncryptionMode,
    /// Its checksum.
    pub checksum: Option<UploadChecksum>,
}

/// UploadPart.
pub struct UploadPart {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Of which upload.
    pub upload: VersionUid,
    /// Its number, 1 to [`MAX_PART_NUMBER`].
    pub number: u32,
    /// The plaintext.
    pub body: Body,
    /// The customer's key: the upload's.
    pub customer_key: Option<CustomerKey>,
    /// What its MD5 must be.
    pub expected_md5: Option<[u8; 16]>,
    /// The checksums that the client sent: at most the upload's algorithm.
    pub checksums: Vec<ChecksumRequest>,
}

/// UploadPartCopy: a part taken from another object. No byte moves; bytes are read only where the upload keeps a
/// checksum that the client chose.
pub struct CopyPart {
    /// Of what.
    pub source: CopySource,
    /// Which bytes of the source, the last included; all when `None`.
    pub range: Option<(u64, u64)>,
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Of which upload.
    pub upload: VersionUid,
    /// Its number.
    pub number: u32,
    /// The customer's key: the upload's.
    pub customer_key: Option<CustomerKey>,
}

/// A part that was stored.
#[derive(Clone, Debug)]
pub struct PartOutcome {
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its checksums.
    pub checksums: Vec<StoredChecksum>,
    /// When it was stored.
    pub modified: Timestamp,
    /// The upload's mode.
    pub mode: EncryptionMode,
    /// Of a copy: the source's version, where its bucket keeps versions.
    pub source_version: Option<VersionId>,
}

/// A part as Complete names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedPart {
    /// Its number.
    pub number: u32,
    /// Its ETag, without quotes.
    pub etag: String,
    /// The checksums that the client names, of the upload's algorithm or not.
    pub checksums: Vec<StoredChecksum>,
}

/// CompleteMultipartUpload. A second one for an upload that became the object is answered like the first.
#[derive(Debug)]
pub struct CompleteUpload {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which upload.
    pub upload: VersionUid,
    /// The parts, as the client named them.
    pub parts: Vec<NamedPart>,
    /// The customer's key: needed only where the parts' checksums are under it.
    pub customer_key: Option<CustomerKey>,
    /// What must hold of the current object.
    pub precondition: Precondition,
    /// The whole object's checksum, where the client says it.
    pub expected_checksum: Option<StoredChecksum>,
    /// What the whole object's checksum is computed over, where the client says it.
    pub expected_kind: Option<ChecksumKind>,
    /// The whole object's size, where the client says it (`x-amz-mp-object-size`).
    pub expected_size: Option<u64>,
}

/// AbortMultipartUpload.
#[derive(Clone, Debug)]
pub struct AbortUpload {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which upload.
    pub upload: VersionUid,
}

/// ListMultipartUploads.
#[derive(Clone, Debug)]
pub struct ListUploads {
    /// Where.
    pub bucket: BucketAddress,
    /// Only keys that begin so.
    pub prefix: String,
    /// Rolls up what follows the prefix up to and with this text.
    pub delimiter: Option<String>,
    /// Only keys after this one; with an `upload_marker` also that key's uploads after it.
    pub key_marker: Option<String>,
    /// An upload of the key that is the marker.
    pub upload_marker: Option<VersionUid>,
    /// At most so many rows.
    pub limit: u32,
}

/// ListParts.
#[derive(Debug)]
pub struct ListParts {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which upload.
    pub upload: VersionUid,
    /// Only parts of higher numbers.
    pub after: u32,
    /// At most so many.
    pub limit: u32,
    /// The customer's key: with it, checksums of an SSE-C upload's parts are shown.
    pub customer_key: Option<CustomerKey>,
}

/// A page of an upload's parts.
#[derive(Clone, Debug)]
pub struct PartListing {
    /// Who began the upload.
    pub initiator: UserId,
    /// The upload's checksum.
    pub checksum: Option<UploadChecksum>,
    /// The parts, by number.
    pub parts: Vec<ListedPart>,
    /// Whether more follow.
    pub truncated: bool,
}

/// A part of an upload or of a completed object, as it is listed.
#[derive(Clone, Debug)]
pub struct ListedPart {
    /// Its number.
    pub number: u32,
    /// Plaintext bytes.
    pub size: u64,
    /// Its ETag, without quotes; empty for a part of a completed object.
    pub etag: String,
    /// When it was stored; `None` for a part of a completed object.
    pub modified: Option<Timestamp>,
    /// Its checksums, where they may be told.
    pub checksums: Vec<StoredChecksum>,
}

/// The parts of a completed object, for GetObjectAttributes.
#[derive(Debug)]
pub struct ObjectParts {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which version; the current one when `None`.
    pub version: Option<VersionId>,
    /// The customer's key.
    pub customer_key: Option<CustomerKey>,
    /// Only parts of higher numbers.
    pub after: u32,
    /// At most so many; the listing is empty for an object that came in one piece.
    pub limit: u32,
}
