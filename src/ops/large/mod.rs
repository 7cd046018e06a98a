//! Large objects of Swift: manifests that name segment objects, static (a list) or dynamic (a prefix).

use async_trait::async_trait;
use bytes::Bytes;

use super::gateway::{Gateway, Operation, Permit, Target};
use super::{
    Action, BucketAddress, CustomerKey, Error, ObjectInfo, Precondition, PutOutcome, WriteEncryption,
};
use crate::model::{BucketName, ObjectKey, ObjectMetadata, Timestamp, VersionId};

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
/// is sealed anew under it, in the same transaction.
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
    pub put: super::PutObject,
}

macro_rules! unfinished {
    ($operation:ident, $name:literal, $output:ty, $action:ident, $($bucket:ident).+) => {
        #[async_trait]
        impl Operation for $operation {
            type Output = $output;
            const NAME: &'static str = $name;

            fn actions(&self) -> Vec<Action> {
                vec![Action::$action]
            }

            fn target(&self) -> Target {
                Target::Bucket(self.$($bucket).+.clone())
            }

            async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<$output, Error> {
                Err(Error::Internal("the operation is not there yet".into()))
            }
        }
    };
}

unfinished!(PutManifest, "PutManifest", PutOutcome, PutObject, bucket);
unfinished!(ReadManifest, "ReadManifest", ManifestView, GetObject, bucket);
unfinished!(DeleteManifest, "DeleteManifest", DeletedManifest, DeleteObject, bucket);
unfinished!(PutDynamic, "PutDynamic", PutOutcome, PutObject, put.bucket);
