//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn rewrap(tx: &Tx, rewraps: &[Rewrap]) -> Result<()> {
    todo!()
}
