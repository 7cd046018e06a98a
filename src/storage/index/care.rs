//! The care of what is stored.

use async_trait::async_trait;

use super::Result;
use super::audit::{BlobRow, Finding};
use super::record::{BucketRecord, FreedBlob};
use crate::model::{BlobId, BucketId, Timestamp};

/// The commands for the care of the store: freed blobs, expired objects, and pages of everything that exists.
#[async_trait]
pub trait Care: Send + Sync {
    /// Blobs that were freed before `before`, oldest first.
    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// The freed blobs whose bytes live in the index: no backup needs them.
    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// Forgets freed blobs that the store has deleted. Bytes that live in the index are deleted here.
    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()>;
    /// Returns the blobs that the index knows, referenced or freed. The others are orphans if their writer is
    /// fenced.
    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>>;
    /// A blob's row, or `None` if the index does not know it.
    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>>;
    /// Blobs by id, after this one, for a comparison with the blob store.
    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>>;
    /// Buckets of all accounts by id, after this one.
    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>>;
    /// Deletes at most `limit` current objects whose `X-Delete-At` has come at `now`, and returns their
    /// number.
    ///
    /// `now` is by the index's own clock ([`Installation::now`](super::Installation::now)). Each object is
    /// deleted as by a DELETE without a version. Old versions stay: a reader finds them expired.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32>;
    /// Checks the whole index against itself. Reports at most a thousand findings.
    async fn audit(&self) -> Result<Vec<Finding>>;
}
