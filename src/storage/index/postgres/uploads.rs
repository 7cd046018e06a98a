//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

/// An upload and the number of its row.
pub(super) struct Numbered {
    pub(super) nr: i64,
    pub(super) record: UploadRecord,
}

pub(super) async fn create(tx: &Tx, command: &CreateUpload) -> Result<Timestamp> {
    todo!()
}

pub(super) async fn find(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<Numbered> {
    todo!()
}

pub(super) async fn put_part(tx: &Tx, command: &PutPart) -> Result<Timestamp> {
    todo!()
}

pub(super) async fn with_parts(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<(UploadRecord, Vec<UploadPart>)> {
    todo!()
}

pub(super) async fn complete(tx: &Tx, command: &CompleteUpload) -> Result<Published> {
    todo!()
}

pub(super) async fn abort(tx: &Tx, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
    todo!()
}

pub(super) async fn discard_all(tx: &Tx, bucket: i64, parts: usize) -> Result<bool> {
    todo!()
}

pub(super) fn read(row: &tokio_postgres::Row) -> Result<Numbered> {
    todo!()
}

pub(super) fn read_part(row: &tokio_postgres::Row) -> Result<UploadPart> {
    todo!()
}
