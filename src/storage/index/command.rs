//! The commands of the index.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::record::{PartRecord, VersionRecord, Versioning};
use crate::model::settings::SettingName;
use crate::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, VersionId,
    VersionUid, WriterId,
};

/// Whether a new bucket takes its name in the global S3 registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamePolicy {
    /// S3 CreateBucket: register the name, or fail with `NameTaken`.
    Required,
    /// Swift PUT of a name that is legal on S3: register it if it is free.
    IfFree,
    /// Swift PUT of any other name: do not register it.
    Never,
}

/// Creates a bucket.
#[derive(Clone, Debug)]
pub struct CreateBucket {
    /// The new bucket's id.
    pub id: BucketId,
    pub account: AccountId,
    pub name: BucketName,
    /// Whether it takes the global S3 name.
    pub policy: NamePolicy,
    pub metadata: BTreeMap<String, String>,
    /// Its settings, as text.
    pub settings: BTreeMap<SettingName, String>,
}

/// One change of a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketChange {
    /// Sets (`Some`) or removes (`None`) a metadata item.
    Metadata(String, Option<String>),
    /// Sets the versioning state.
    Versioning(Versioning),
}

impl BucketChange {
    /// Whether it only removes something.
    pub fn only_removes(&self) -> bool {
        match self {
            Self::Metadata(_, value) => value.is_none(),
            Self::Versioning(_) => false,
        }
    }
}

/// A page of an account's buckets.
#[derive(Clone, Debug)]
pub struct ListBuckets {
    pub account: AccountId,
    /// Only names with this prefix.
    pub prefix: String,
    /// Only names after this one (before it, when reversed), exclusive.
    pub marker: Option<String>,
    /// Only names before this one (after it, when reversed), exclusive.
    pub end_marker: Option<String>,
    /// The most rows that the page may have.
    pub limit: u32,
    /// Whether the page goes from the last row to the first.
    pub reverse: bool,
}

/// The other processes that are taken for dead. The index's own clock decides, so that a process with a wrong
/// clock does not fence others wrongly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Silence {
    /// All other processes, if the index belongs to one process.
    Everyone,
    /// The processes that have not renewed their heartbeat for this long.
    For(Duration),
}

/// Seals the envelope once the version's id is known. It runs inside the commit: no I/O, microseconds. It may
/// run more than once, because a command is run again if its transaction collided with another.
pub struct SealEnvelope(pub Box<dyn Fn(VersionId) -> Option<Vec<u8>> + Send + Sync>);

impl fmt::Debug for SealEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealEnvelope")
    }
}

/// A condition on the current object. Opaque values only.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Precondition {
    #[default]
    None,
    /// No current object (`If-None-Match: *`).
    Absent,
    /// A current object (`If-Match: *`).
    Present,
    /// A current object with one of these S3 ETags (`If-Match`). An absent object is `NoSuchObject`.
    Etag(Vec<String>),
}

/// A blob that was written for the version that is published.
#[derive(Clone, Debug)]
pub struct NewBlob {
    pub id: BlobId,
    pub header: Vec<u8>,
    /// Its plaintext bytes.
    pub length: u64,
    /// The whole sealed blob, if the index keeps it.
    pub inline: Option<Bytes>,
}

/// A version that the caller has read. If it has changed or is gone, the command fails with `Changed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unchanged {
    pub bucket: BucketId,
    pub key: ObjectKey,
    pub version_id: VersionId,
    /// Its private identity, as it was read.
    pub uid: VersionUid,
}

impl Unchanged {
    /// A version as it was read.
    pub fn of(bucket: BucketId, record: &VersionRecord) -> Self {
        Self { bucket, key: record.key.clone(), version_id: record.version_id, uid: record.uid }
    }
}

/// Seals a version anew in place: another holder, another object key, the same blobs. Its public id and times
/// stay. Its numbered parts are forgotten, because their checksums are known to the old holder.
#[derive(Clone, Debug)]
pub struct Rewrap {
    /// The version. It must also be the current one of its key.
    pub version: Unchanged,
    /// Its new private identity.
    pub uid: VersionUid,
    /// Its new mode.
    pub mode: EncryptionMode,
    /// Its new S3 ETag, without quotes.
    pub etag: String,
    /// MD5 and checksums, clear or sealed.
    pub digests: Vec<u8>,
    /// Its new envelope, bound to the new identity and to the public id that it keeps.
    pub envelope: Vec<u8>,
    /// The data keys of its parts, wrapped anew, in the order of the parts.
    pub wrapped_keys: Vec<Vec<u8>>,
}

/// The contents of a version to publish.
#[derive(Debug)]
pub struct NewVersion {
    /// The version's private identity.
    pub uid: VersionUid,
    pub size: u64,
    /// The holder of the object key.
    pub mode: EncryptionMode,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// The number of parts, for a version that was uploaded in parts.
    pub part_count: Option<u32>,
    /// MD5 and checksums, clear or sealed.
    pub digests: Vec<u8>,
    /// User and system metadata.
    pub metadata: ObjectMetadata,
    /// The parts, in order. `inline` is not read; `header` and `blob_length` go with `new_blobs`.
    pub parts: Vec<PartRecord>,
    /// The list of segments, for the manifest of a static large object.
    pub manifest: Option<Vec<u8>>,
}

/// Publishes a version.
#[derive(Debug)]
pub struct Publish {
    /// The writer of the blobs.
    pub writer: WriterId,
    /// The bucket of the new version.
    pub bucket: BucketId,
    /// The key of the new version.
    pub key: ObjectKey,
    /// The version itself.
    pub version: NewVersion,
    /// The blobs that are new in the index.
    pub new_blobs: Vec<NewBlob>,
    /// The condition on the current object.
    pub precondition: Precondition,
    /// The versions that the parts were taken from.
    pub unchanged: Vec<Unchanged>,
    /// Other versions that are sealed anew in the same transaction: the segments of a keyed manifest.
    pub rewraps: Vec<Rewrap>,
    /// The envelope's outer seal.
    pub seal: SealEnvelope,
}

impl Publish {
    /// Publishes a version without new blobs, on no condition.
    pub fn of(
        writer: WriterId,
        bucket: BucketId,
        key: ObjectKey,
        version: NewVersion,
        seal: SealEnvelope,
    ) -> Self {
        Self {
            writer,
            bucket,
            key,
            version,
            new_blobs: Vec::new(),
            precondition: Precondition::None,
            unchanged: Vec::new(),
            rewraps: Vec::new(),
            seal,
        }
    }
}

/// Makes an old version the current object again, as a new version with the same contents. No byte of them
/// moves.
#[derive(Debug)]
pub struct Restore {
    /// The version. It must still exist, and must not be a delete marker.
    pub version: Unchanged,
    /// The outer seal, for the new version's id. The private identity stays: the inner layer is bound to it.
    pub seal: SealEnvelope,
}

/// A page of versions and delete markers: by key, and the newest of a key first (reversed: exactly the other
/// way round).
#[derive(Clone, Debug)]
pub struct ListVersions {
    pub bucket: BucketId,
    /// The keys. Without a `version_marker` its marker means all versions of that key.
    pub keys: KeyQuery,
    /// Only versions of the marker's key that are older than this one (newer, when reversed), and the keys
    /// after it. If it is a null version that is gone, all versions of that key follow.
    pub version_marker: Option<VersionId>,
}

/// The object that was current before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Existing {
    /// Its version id.
    pub version_id: VersionId,
    pub mode: EncryptionMode,
}

/// The outcome of publishing a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// Its public id.
    pub version_id: VersionId,
    pub created: Timestamp,
    /// The current object that it replaced.
    pub replaced: Option<Existing>,
}

/// Replaces an object's metadata.
#[derive(Clone, Debug)]
pub struct UpdateMetadata {
    pub bucket: BucketId,
    pub key: ObjectKey,
    /// The version that was read. If the key has another one now, the command fails with `Changed`.
    pub uid: VersionUid,
    /// The new metadata.
    pub metadata: ObjectMetadata,
}

/// Deletes an object or version.
#[derive(Clone, Debug)]
pub struct Delete {
    pub bucket: BucketId,
    pub key: ObjectKey,
    /// The version to delete; `None` deletes the current object.
    pub version: Option<VersionId>,
    /// The condition on the current object.
    pub precondition: Precondition,
}

/// The outcome of a delete.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Deleted {
    /// The version that was deleted; `None` if there was none, or only an expired one.
    pub removed: Option<VersionId>,
    /// The delete marker that was created, in a versioned bucket.
    pub marker: Option<VersionId>,
    /// Whether the version that was removed was itself a delete marker.
    pub was_marker: bool,
    /// The current object now.
    pub current: Option<VersionId>,
}

/// A page of current objects.
#[derive(Clone, Debug)]
pub struct ListObjects {
    pub bucket: BucketId,
    pub keys: KeyQuery,
}

/// The keys that a listing asks for, in byte order.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct KeyQuery {
    /// Only keys with this prefix.
    pub prefix: String,
    /// Rolls up keys that share the text after the prefix up to and with this delimiter.
    pub delimiter: Option<String>,
    /// Only rows after this one, exclusive (before it, when reversed). A marker that equals a common prefix
    /// skips that prefix.
    pub marker: Option<String>,
    /// Whether a marker inside a common prefix skips the whole prefix (Swift), or only the keys up to the
    /// marker (S3).
    pub marker_skips_prefix: bool,
    /// Only rows before this one, exclusive (after it, when reversed).
    pub end_marker: Option<String>,
    /// At most this many rows, common prefixes included.
    pub limit: u32,
    /// Whether the page goes from the last row to the first.
    pub reverse: bool,
}
