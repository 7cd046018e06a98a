//! The commands for the care of the store.

use async_trait::async_trait;

use super::{PostgresIndex, audit, blobs, bucket_rows, expiry};
use crate::model::{BlobId, BucketId, Timestamp};
use crate::storage::index::{BlobRow, BucketRecord, Care, Finding, FreedBlob, Result};

#[async_trait]
impl Care for PostgresIndex {
    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        query!(self.db, db, (before, limit) => blobs::freed(db, *before, *limit))
    }

    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        query!(self.db, db, (before, limit) => blobs::freed_inline(db, *before, *limit))
    }

    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()> {
        command!(self.db, tx, (blobs) => blobs::forget(tx, blobs))
    }

    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>> {
        query!(self.db, db, (blobs) => blobs::known(db, blobs))
    }

    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        query!(self.db, db, (id) => blobs::find(db, *id))
    }

    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
        query!(self.db, db, (after, limit) => blobs::after(db, *after, *limit))
    }

    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
        query!(self.db, db, (after, limit) => bucket_rows::page(db, *after, *limit))
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32> {
        let mut count = 0;
        for (bucket, key) in query!(self.db, db, (now, limit) => expiry::expired(db, *now, *limit))? {
            let done = command!(self.db, tx, (bucket, key, now) => expiry::expire(tx, *bucket, key, *now))?;
            count += u32::from(done);
        }
        Ok(count)
    }

    async fn audit(&self) -> Result<Vec<Finding>> {
        run!(survey, self.db, db, () => audit::audit(db))
    }
}
