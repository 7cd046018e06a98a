//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn publish(tx: &Tx, command: &Publish) -> Result<Published> {
    todo!()
}

pub(super) async fn update_metadata(tx: &Tx, command: &UpdateMetadata) -> Result<Timestamp> {
    todo!()
}

pub(super) async fn delete(tx: &Tx, command: &Delete) -> Result<Deleted> {
    todo!()
}
