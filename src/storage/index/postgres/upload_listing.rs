//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn list(db: &Snapshot, query: &ListUploads) -> Result<UploadPage> {
    todo!()
}

pub(super) async fn parts(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
    after: u32,
    limit: u32,
) -> Result<PartPage> {
    todo!()
}
