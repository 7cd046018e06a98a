//! Large objects of Swift: manifests that name segment objects, static (a list) or dynamic (a prefix).

mod delete_manifest;
mod gather;
mod manifest;
mod prefix;
mod put_dynamic;
mod put_manifest;
mod read;
mod read_manifest;
mod resolve;
mod rewrap;
mod segments;

use bytes::Bytes;

use self::prefix::Prefix;
pub(super) use self::prefix::Standing;
pub(super) use self::read::{Depth, Reading};
use self::resolve::{Resolver, conflict};
use self::segments::SegmentPath;
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{BucketName, ObjectKey, ObjectMetadata, Timestamp, VersionId};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit, Target};
use crate::ops::object::get::{GetObject, Manifests, ObjectInfo, OpenObject};
use crate::ops::object::put::{PutObject, WriteEncryption};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, Precondition, VersionRecord};

/// The most segments that a manifest names, as `/info` tells.
pub const MAX_SEGMENTS: u32 = 1000;
/// The most leaf segments of a keyed manifest, nested ones counted.
pub const MAX_KEYED_SEGMENTS: u32 = 10_000;
/// How deep manifests may be nested.
pub const MAX_DEPTH: u32 = 10;

/// How an object is large.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LargeObject {
    /// It came by an S3 multipart upload.
    Parts,
    /// Its manifest lists segment objects.
    Static,
    /// Its segments are whatever a prefix holds: the value of `X-Object-Manifest`.
    Dynamic(String),
}

impl LargeObject {
    /// What a version is.
    pub(super) fn of(record: &VersionRecord) -> Option<Self> {
        if record.manifest.is_some() {
            return Some(Self::Static);
        }
        let dynamic = record.metadata.system.object_manifest.clone().filter(|_| Prefix::of(record).is_some());
        dynamic.map(Self::Dynamic).or_else(|| record.part_count.map(|_| Self::Parts))
    }
}

/// A segment as a static large object's manifest asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentRequest {
    /// An object, or a range of one.
    Object {
        /// `/container/object`, as the client spelled it.
        path: String,
        /// Its container, in the manifest's account.
        bucket: BucketName,
        /// Its name.
        key: ObjectKey,
        /// What its ETag must be, without quotes.
        etag: Option<String>,
        /// How many bytes it must have.
        size: Option<u64>,
        /// Which bytes of it, as in a `Range` header after `bytes=`.
        range: Option<String>,
    },
    /// Bytes that the manifest carries itself.
    Data(Bytes),
}

/// Writes a static large object's manifest (Swift PUT with `multipart-manifest=put`). With a customer's key every segment
/// is sealed anew under it, in the same transaction. The `md5` of the outcome is the large object's ETag on Swift: the MD5 of
/// its segments' ETags.
#[derive(Debug)]
pub struct PutManifest {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// The segments, in order.
    pub segments: Vec<SegmentRequest>,
    /// How the manifest is encrypted.
    pub encryption: WriteEncryption,
    /// Metadata.
    pub metadata: ObjectMetadata,
    /// What the large object's ETag must be: the MD5 of its segments' ETags, in hex.
    pub expected_etag: Option<String>,
    /// What must hold of the current object.
    pub precondition: Precondition,
}

/// Reads a manifest itself (`multipart-manifest=get`). Needs no key; without one the hashes are opaque.
#[derive(Debug)]
pub struct ReadManifest {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which version; the current one when `None`.
    pub version: Option<VersionId>,
    /// The customer's key.
    pub customer_key: Option<CustomerKey>,
}

/// A manifest.
#[derive(Clone, Debug)]
pub struct ManifestView {
    /// Of which object.
    pub info: ObjectInfo,
    /// The segments of a static large object; empty for an S3 multipart object; `None` for any other object.
    pub segments: Option<Vec<SegmentView>>,
}

/// A segment, as a manifest names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentView {
    /// An object, or a range of one.
    Object {
        /// Its container.
        bucket: BucketName,
        /// Its name.
        key: ObjectKey,
        /// All of its bytes, when the manifest was written.
        bytes: u64,
        /// Its ETag when the manifest was written; opaque without the key of a keyed manifest.
        hash: String,
        /// Its content type, when the manifest was written.
        content_type: String,
        /// When it was last changed, when the manifest was written.
        modified: Timestamp,
        /// The first and the last byte, where only a range of it belongs to the object.
        range: Option<(u64, u64)>,
        /// Whether it is a static large object itself.
        nested: bool,
    },
    /// Bytes that the manifest carries; `None` without the key of a keyed manifest.
    Data(Option<Bytes>),
}

/// Deletes a static large object with all of its segments (`multipart-manifest=delete`).
#[derive(Debug)]
pub struct DeleteManifest {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which version; the current one when `None`.
    pub version: Option<VersionId>,
}

/// What came of deleting a large object.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DeletedManifest {
    /// Objects deleted, the manifest included.
    pub deleted: u64,
    /// Segments that were not there.
    pub not_found: u64,
    /// `/container/object` and Swift's status line for what could not be deleted.
    pub errors: Vec<(String, String)>,
    /// Whether the object is no static large object (and was left alone).
    pub not_a_manifest: bool,
}

/// Writes a dynamic large object's manifest (Swift PUT with `X-Object-Manifest`): an object of its own bytes, usually none,
/// whose reads give what `container/prefix` holds. With a customer's key what is there now is sealed anew under it.
pub struct PutDynamic {
    /// The object itself: its metadata names the segments (`system.object_manifest`).
    pub put: PutObject,
}

/// Reads the own bytes of an object whose reads give others: those of a dynamic large object's manifest
/// (`multipart-manifest=get`). Of any other object it is a plain read.
#[derive(Debug)]
pub struct GetOwnBytes {
    /// The read.
    pub get: GetObject,
}

impl Operation for GetOwnBytes {
    type Output = OpenObject;
    const NAME: &'static str = "GetOwnBytes";

    fn actions(&self) -> Vec<Action> {
        self.get.actions()
    }

    fn target(&self) -> Target {
        self.get.target()
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<OpenObject, Error> {
        self.get.read(gateway, &permit, Manifests::Leave).await
    }
}
