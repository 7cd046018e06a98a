//! The care of what is stored.

use async_trait::async_trait;

use super::Result;
use super::audit::{BlobRow, Finding};
use super::record::{BucketRecord, FreedBlob};
use crate::model::{BlobId, BucketId, Timestamp};

/// What the care of the store needs: freed blobs, expired objects, and pages of all that exists.
#[async_trait]
pub trait Care: Send + Sync {
    /// Blobs that were freed before `before`, oldest first.
    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// Those of them whose bytes live in the index, which no backup needs to be kept.
    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// Forgets freed blobs once the store has deleted them; the bytes that live in the index go with them.
    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()>;
    /// Which of these blobs the index knows (referenced or freed): the others of a fenced writer are orphans.
    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>>;
    /// A blob's row. `None` where the index does not know it.
    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>>;
    /// Blobs by id, after this one: to be compared with the blob store.
    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>>;
    /// Buckets of all accounts by id, after this one.
    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>>;
    /// Deletes current objects whose time to be deleted (`X-Delete-At`) has come at `now`, by the index's own clock
    /// ([`Installation::now`](super::Installation::now)), at most so many, each as a DELETE without a version would; and tells how many. An old version is not
    /// touched: who reads it finds it expired.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32>;
    /// Checks the index against itself: what contradicts what. Reads all of it; tells a thousand findings at most.
    async fn audit(&self) -> Result<Vec<Finding>>;
}
