//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

/// A bucket and the number of its row.
pub(super) struct Numbered {
    pub(super) nr: i64,
    pub(super) record: BucketRecord,
}

/// What the commands on objects need of a bucket.
pub(super) struct Place {
    pub(super) nr: i64,
    pub(super) account: AccountId,
    pub(super) versioning: Versioning,
}

pub(super) async fn account_usage(db: &Snapshot, id: &AccountId) -> Result<Usage> {
    todo!()
}

pub(super) async fn create(tx: &Tx, command: &CreateBucket) -> Result<BucketRecord> {
    todo!()
}

pub(super) async fn find(db: &Snapshot, address: &BucketAddress) -> Result<Numbered> {
    todo!()
}

pub(super) async fn update(tx: &Tx, id: BucketId, changes: &[BucketChange]) -> Result<BucketRecord> {
    todo!()
}

pub(super) async fn delete(tx: &Tx, id: BucketId) -> Result<bool> {
    todo!()
}

pub(super) async fn usage(db: &Snapshot, id: BucketId) -> Result<Usage> {
    todo!()
}

pub(super) async fn list(db: &Snapshot, query: &ListBuckets) -> Result<BucketPage> {
    todo!()
}

pub(super) async fn page(db: &Snapshot, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
    todo!()
}

pub(super) async fn place(db: &Snapshot, id: BucketId) -> Result<Place> {
    todo!()
}

pub(super) async fn count(tx: &Tx, place: &Place, objects: i64, bytes: i64) -> Result<()> {
    todo!()
}
