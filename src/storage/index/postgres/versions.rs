//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn find_with_bucket(
    db: &Snapshot,
    address: &BucketAddress,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<(BucketRecord, std::result::Result<VersionRecord, Error>)> {
    todo!()
}

pub(super) async fn find_many(
    db: &Snapshot,
    keys: &[(BucketId, ObjectKey)],
) -> Result<Vec<std::result::Result<VersionRecord, Error>>> {
    todo!()
}

pub(super) async fn numbered_parts(
    db: &Snapshot,
    version: &Unchanged,
    after: u32,
    limit: u32,
) -> Result<Vec<NumberedPart>> {
    todo!()
}
