//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn audit(db: &Tx) -> Result<Vec<Finding>> {
    todo!()
}
