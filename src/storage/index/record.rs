//! The records that the index returns.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::model::settings::SettingName;
use crate::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, InstallId, ObjectKey, ObjectMetadata, Timestamp,
    VersionId, VersionUid,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Install {
    /// Also in the blob store's `cardea.json`.
    pub id: InstallId,
    /// A known text sealed under the key ring: a wrong ring cannot open it.
    pub canary: Vec<u8>,
}

/// How a request names a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketAddress {
    /// By the global S3 name.
    S3(BucketName),
    /// By account and name: every Swift path, and `<account>:<name>` on S3.
    Owned(AccountId, BucketName),
    Id(BucketId),
}

/// Whether a bucket keeps old versions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Versioning {
    /// Versioning was never enabled: each key has one null version.
    #[default]
    Off,
    /// Every write creates a version.
    Enabled,
    /// Writes replace the null version. The other versions stay.
    Suspended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketRecord {
    pub id: BucketId,
    pub account: AccountId,
    pub name: BucketName,
    /// Whether the bucket has its name in the global S3 registry.
    pub registered: bool,
    /// The time of its creation.
    pub created: Timestamp,
    /// When its metadata or its versioning last changed.
    pub modified: Timestamp,
    pub versioning: Versioning,
    /// `X-Container-Meta-*`, lower case, without the prefix.
    pub metadata: BTreeMap<String, String>,
    /// Grows with every change of a setting, and never takes a number twice. Zero: no setting was ever set.
    pub settings_generation: u64,
}

/// The settings of a bucket, as text.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BucketSettings {
    /// [`BucketRecord::settings_generation`] of this state.
    pub generation: u64,
    /// The text of each setting that the bucket has. A name that only a newer program knows is left out.
    pub values: BTreeMap<SettingName, String>,
}

/// A version of an object, or a delete marker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionRecord {
    pub key: ObjectKey,
    /// Its private identity.
    pub uid: VersionUid,
    /// Its public identity.
    pub version_id: VersionId,
    /// The time of its creation, which orders the history of its key.
    pub created: Timestamp,
    /// `Last-Modified`: its creation, or its last POST.
    pub modified: Timestamp,
    pub size: u64,
    /// The holder of the object key.
    pub mode: EncryptionMode,
    /// S3's `ETag`, without quotes: the MD5, or opaque.
    pub etag: String,
    /// The number of parts of a multipart upload or a large object's manifest; `None` for an object of one
    /// piece.
    pub part_count: Option<u32>,
    /// MD5 and checksums: in the clear, or sealed under the version's own key. Opaque here.
    pub digests: Vec<u8>,
    pub metadata: ObjectMetadata,
    pub envelope: Vec<u8>,
    /// The parts, in order. Those of a manifest hold its own bytes, not its segments.
    pub parts: Vec<PartRecord>,
    /// The list of segments, if this is the manifest of a static large object.
    pub manifest: Option<Vec<u8>>,
}

/// A reference of a version to a range of a blob.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartRecord {
    pub blob: BlobId,
    /// The beginning of the range in the blob's plaintext.
    pub offset: u64,
    /// The length of the range.
    pub length: u64,
    /// The blob's data key, wrapped by the version's key.
    pub wrapped_key: Vec<u8>,
    /// The blob's header, so that a range read needs one request.
    pub header: Vec<u8>,
    /// Plaintext bytes of the whole blob.
    pub blob_length: u64,
    /// The whole sealed blob, if it lives in the index. It is empty if it did not come with the version: see
    /// [`Objects::inline_blob`](super::Objects::inline_blob).
    pub inline: Option<Bytes>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Buckets (zero for a bucket's own usage).
    pub buckets: u64,
    pub objects: u64,
    /// Their plaintext bytes.
    pub bytes: u64,
}

/// A row of a bucket listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketRow {
    pub bucket: BucketRecord,
    pub usage: Usage,
}

/// A page of buckets.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BucketPage {
    /// The rows, in the order asked for.
    pub rows: Vec<BucketRow>,
    /// Whether more follow.
    pub truncated: bool,
}

/// A row of an object listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectRow {
    /// A current object.
    Object {
        key: ObjectKey,
        /// Its version's id.
        version_id: VersionId,
        modified: Timestamp,
        size: u64,
        /// S3's ETag, without quotes.
        etag: String,
        /// The number of parts, if it has parts.
        part_count: Option<u32>,
        /// The holder of the object key.
        mode: EncryptionMode,
        content_type: Option<String>,
    },
    /// A common prefix (subdirectory), with its delimiter at the end.
    Prefix(String),
}

/// A page of objects.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ObjectPage {
    /// The rows, in the order asked for.
    pub rows: Vec<ObjectRow>,
    /// Whether more follow.
    pub truncated: bool,
}

/// A row of a listing of versions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VersionRow {
    /// A version or a delete marker.
    Version {
        key: ObjectKey,
        version_id: VersionId,
        /// Whether it is the newest of its key.
        latest: bool,
        /// Whether it is a delete marker: then the fields below are empty.
        marker: bool,
        modified: Timestamp,
        size: u64,
        /// S3's ETag, without quotes.
        etag: String,
        /// The number of parts, if it has parts.
        part_count: Option<u32>,
        /// The holder of the object key; `None` for a delete marker.
        mode: Option<EncryptionMode>,
        content_type: Option<String>,
    },
    /// A common prefix (subdirectory), with its delimiter at the end.
    Prefix(String),
}

/// A page of versions.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct VersionPage {
    /// The rows, in order.
    pub rows: Vec<VersionRow>,
    /// Whether more follow.
    pub truncated: bool,
}

/// The end of a writer: another process has fenced it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fencing {
    /// Its last heartbeat.
    pub heard: Timestamp,
    /// The time at which another process took it for dead.
    pub fenced: Timestamp,
}

/// A blob without references.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FreedBlob {
    pub id: BlobId,
    pub freed: Timestamp,
    /// Whether its bytes live in the index. Then the store does not have it.
    pub inline: bool,
}
