//! Multipart uploads: the commands and the records.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Result;
use super::command::{NewBlob, Publish, Published, Unchanged};
use super::record::PartRecord;
use crate::model::{
    BucketId, ChecksumAlgorithm, ChecksumKind, EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, UserId,
    VersionUid, WriterId,
};

/// The most references to blobs that an object has, and that copies give an upload. References cost nothing
/// to create, and are all read with the object.
pub const MAX_REFERENCES: usize = 20_000;

/// Multipart uploads, from their beginning to the version that they become.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Begins an upload.
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp>;
    /// Finds an upload. An upload of another bucket or key is `NoSuchUpload`.
    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord>;
    /// Stores a part, and returns its time. Fails with `TooManyReferences` if a copied part would give the
    /// upload more than [`MAX_REFERENCES`].
    async fn put_part(&self, command: PutPart) -> Result<Timestamp>;
    /// An upload with all its parts and their references, by number.
    async fn upload_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<(UploadRecord, Vec<UploadPart>)>;
    /// Turns an upload into a version.
    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published>;
    /// Drops an upload with all its parts.
    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()>;
    /// A page of a bucket's uploads.
    async fn list_uploads(&self, query: ListUploads) -> Result<UploadPage>;
    /// A page of an upload's parts with numbers after `after`.
    async fn list_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
        after: u32,
        limit: u32,
    ) -> Result<PartPage>;
}

/// The checksum that a multipart upload keeps of each part and of the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UploadChecksum {
    pub algorithm: ChecksumAlgorithm,
    /// Whether the checksum of the whole covers the bytes or the checksums of the parts.
    pub kind: ChecksumKind,
    /// Whether the client chose it. S3 shows the default one in fewer answers.
    pub chosen: bool,
}

/// Begins a multipart upload.
#[derive(Clone, Debug)]
pub struct CreateUpload {
    pub bucket: BucketId,
    pub key: ObjectKey,
    /// The private identity of the version that it will become, and the upload's id.
    pub uid: VersionUid,
    /// The user who began it.
    pub initiator: UserId,
    /// The holder of the object key.
    pub mode: EncryptionMode,
    /// The version's envelope, bound to the upload.
    pub envelope: Vec<u8>,
    /// The checksum, if there is one.
    pub checksum: Option<UploadChecksum>,
    /// The object's metadata.
    pub metadata: ObjectMetadata,
}

/// A multipart upload that has begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadRecord {
    pub key: ObjectKey,
    /// The private identity of the version that it will become, and the upload's id.
    pub uid: VersionUid,
    /// The time at which it began.
    pub created: Timestamp,
    /// The user who began it.
    pub initiator: UserId,
    /// The holder of the object key.
    pub mode: EncryptionMode,
    /// The version's envelope, bound to the upload.
    pub envelope: Vec<u8>,
    /// The checksum, if there is one.
    pub checksum: Option<UploadChecksum>,
    /// The object's metadata.
    pub metadata: ObjectMetadata,
}

/// Stores a part. A part with the same number is replaced, and its blobs are freed.
#[derive(Debug)]
pub struct PutPart {
    /// The writer of the blobs.
    pub writer: WriterId,
    pub bucket: BucketId,
    pub key: ObjectKey,
    /// The upload. If it does not exist, the command fails with `NoSuchUpload`.
    pub upload: VersionUid,
    /// From 1 to 10,000.
    pub number: u32,
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// MD5 and checksums, clear or sealed.
    pub digests: Vec<u8>,
    /// The references, in order: one for an uploaded part, any number for a copied part.
    pub refs: Vec<PartRecord>,
    /// The blobs that are new in the index.
    pub new_blobs: Vec<NewBlob>,
    /// The versions that the references were taken from.
    pub unchanged: Vec<Unchanged>,
}

/// A part of an upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UploadPart {
    pub number: u32,
    /// The time at which it was stored. A part that replaces another has a later time.
    pub created: Timestamp,
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// MD5 and checksums, clear or sealed.
    pub digests: Vec<u8>,
    /// The references, in order; a listing leaves them out. `header`, `blob_length` and `inline` are not
    /// filled in.
    pub refs: Vec<PartRecord>,
}

/// A part of a version that was uploaded in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedPart {
    pub number: u32,
    pub size: u64,
    /// MD5 and checksums, clear or sealed.
    pub digests: Vec<u8>,
}

/// Turns an upload into a version of its key, in one transaction. The chosen parts and their references
/// become the version's. The other parts are dropped, and so is the upload.
#[derive(Debug)]
pub struct CompleteUpload {
    /// If the upload does not exist, the command fails with `NoSuchUpload`.
    pub upload: VersionUid,
    /// The parts, in ascending order of their numbers. If one has changed since it was read, the command
    /// fails with `Changed`.
    pub parts: Vec<ChosenPart>,
    /// The version. Its `uid` is the upload's, its `parts` are the references of the chosen parts in order,
    /// and it has no new blobs.
    pub publish: Publish,
}

/// A part that a completed upload keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChosenPart {
    pub number: u32,
    /// The time at which it was stored, as the caller read it.
    pub created: Timestamp,
}

/// A page of a bucket's uploads, by key and then by the time they began.
#[derive(Clone, Debug)]
pub struct ListUploads {
    pub bucket: BucketId,
    /// Only keys with this prefix.
    pub prefix: String,
    /// Rolls up keys that share the text after the prefix up to and with this delimiter.
    pub delimiter: Option<String>,
    /// Only keys after this one. With an `upload_marker` also that key's uploads after it.
    pub key_marker: Option<String>,
    /// An upload of the marker's key. If it is gone, all uploads of that key follow.
    pub upload_marker: Option<VersionUid>,
    /// At most this many rows, common prefixes included.
    pub limit: u32,
}

/// A row of a listing of uploads.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::large_enum_variant, reason = "mostly they are uploads, and a page's rows are few")]
pub enum UploadRow {
    Upload(UploadRecord),
    /// A common prefix, with its delimiter at the end.
    Prefix(String),
}

/// A page of uploads.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UploadPage {
    /// The rows, in order.
    pub rows: Vec<UploadRow>,
    /// Whether more follow.
    pub truncated: bool,
}

/// A page of an upload's parts, by number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartPage {
    pub upload: UploadRecord,
    /// Its parts, in order, without their references.
    pub parts: Vec<UploadPart>,
    /// Whether more follow.
    pub truncated: bool,
}
