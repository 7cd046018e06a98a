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
    /// Publishes a version: checks writer, bucket and conditions, orders it after what stands under the key, frees what
    /// it replaces, counts. One transaction; durable when it returns.
    async fn publish(&self, command: Publish) -> Result<Published>;
    /// Finds a bucket and in it the current object, or the named version, with its parts, in one read. What lives in the index
    /// comes with an object of up to four parts and 64 KiB; else see [`Self::inline_blob`].
    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)>;
    /// Finds the current objects under many keys in one read, in the order asked for: the segments of a large object.
    /// What lives in the index is not loaded with them: see [`Self::inline_blob`].
    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>>;
    /// A sealed blob that lives in the index; `None` where it is gone.
    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>>;
    /// The numbered parts of a version with numbers after `after`. None for one that came in one piece.
    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>>;
    /// Replaces an object's metadata (Swift POST) and moves its `modified`.
    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp>;
    /// Makes an old version the current object again.
    async fn restore(&self, command: Restore) -> Result<Published>;
    /// Seals versions anew where they stand, all or none.
    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()>;
    /// Deletes the current object or a version, and frees its parts.
    async fn delete(&self, command: Delete) -> Result<Deleted>;
    /// A page of current objects in byte order of their keys; its cost follows the page, never the bucket.
    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage>;
    /// A page of versions and delete markers; its cost follows the page, never the bucket.
    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage>;
}
