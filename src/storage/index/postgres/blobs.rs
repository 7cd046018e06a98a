//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn inline(db: &Snapshot, blob: BlobId) -> Result<Option<bytes::Bytes>> {
    todo!()
}

pub(super) async fn freed(db: &Snapshot, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
    todo!()
}

pub(super) async fn forget(tx: &Tx, blobs: &[BlobId]) -> Result<()> {
    todo!()
}

pub(super) async fn known(db: &Snapshot, blobs: &[BlobId]) -> Result<Vec<BlobId>> {
    todo!()
}

pub(super) async fn after(db: &Snapshot, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
    todo!()
}
