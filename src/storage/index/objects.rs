//! Objects and their versions.

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;
use super::command::{
    Delete, Deleted, ListObjects, ListVersions, Publish, Published, Restore, Rewrap, Unchanged,
    UpdateMetadata,
};
use super::record::{BucketAddress, BucketRecord, ObjectPage, VersionPage, VersionRecord};
use super::uploads::NumberedPart;
use crate::model::{BlobId, BucketId, ObjectKey, Timestamp, VersionId};

/// Versions of objects: reading, listing and changing them.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Publishes a version: checks the writer, the bucket and the conditions, orders the version after the
    /// others of its key, frees the version that it replaces, and counts. One transaction; durable when it
    /// returns.
    async fn publish(&self, command: Publish) -> Result<Published>;
    /// Finds a bucket, and in it the current object or the named version with its parts, in one read.
    ///
    /// Bytes that live in the index come along for an object of at most four parts and 64 KiB; otherwise see
    /// [`Self::inline_blob`].
    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)>;
    /// Finds the current objects under many keys in one read, in the order of the keys given: the segments of
    /// a large object. Bytes that live in the index do not come along: see [`Self::inline_blob`].
    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>>;
    /// A sealed blob that lives in the index; `None` if it is gone.
    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>>;
    /// The numbered parts of a version with numbers after `after`. A version that was not uploaded in parts
    /// has none.
    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>>;
    /// Replaces an object's metadata (Swift POST) and moves its `modified`.
    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp>;
    /// Makes an old version the current object again.
    async fn restore(&self, command: Restore) -> Result<Published>;
    /// Seals versions anew in place, all or none.
    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()>;
    /// Deletes the current object or a version, and frees its parts.
    async fn delete(&self, command: Delete) -> Result<Deleted>;
    /// A page of current objects in byte order of their keys; its cost follows the page, never the bucket.
    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage>;
    /// A page of versions and delete markers; its cost follows the page, never the bucket.
    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage>;
}
