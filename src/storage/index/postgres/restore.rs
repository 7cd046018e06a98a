//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn restore(tx: &Tx, command: &Restore) -> Result<Published> {
    todo!()
}
