//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn list(db: &Snapshot, query: &ListObjects) -> Result<ObjectPage> {
    todo!()
}
