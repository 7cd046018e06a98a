//! The commands for the care of the store.

use async_trait::async_trait;

use super::{SqliteIndex, audit, blobs, bucket_rows, expiry};
use crate::model::{BlobId, BucketId, Timestamp};
use crate::storage::index::{BlobRow, BucketRecord, Care, Finding, FreedBlob, Result};

#[async_trait]
impl Care for SqliteIndex {
    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        self.readers.statement(move |db| blobs::freed(db, before, limit)).await
    }

    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        self.readers.statement(move |db| blobs::freed_inline(db, before, limit)).await
    }

    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()> {
        self.writer()?.run(move |tx| blobs::forget(tx, &blobs)).await
    }

    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>> {
        self.readers.snapshot(move |db| blobs::known(db, blobs)).await
    }

    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        self.readers.statement(move |db| audit::blob(db, id)).await
    }

    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
        self.readers.statement(move |db| audit::blobs_after(db, after, limit)).await
    }

    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
        self.readers.statement(move |db| bucket_rows::page(db, after, limit)).await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32> {
        self.writer()?.run(move |tx| expiry::expire(tx, now, limit)).await
    }

    async fn audit(&self) -> Result<Vec<Finding>> {
        let damaged = match &self.writer {
            Some(writer) => writer.run(|tx| audit::database(tx)).await?,
            None => self.readers.snapshot(audit::database).await?,
        };
        // Nothing that is read from a damaged file can be trusted.
        if damaged.is_empty() { self.readers.snapshot(audit::audit).await } else { Ok(damaged) }
    }
}
