//! Many deletes in one request, on either face: each is an operation of its own, authorised, counted and audited like any
//! other.

use futures_util::{StreamExt, stream};

use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::object::delete::DeleteObject;
use crate::storage::index::Deleted;

/// Deletes of one request that are under way at a time: enough for the index to commit them together, and no more than
/// one client's share of it.
const AT_A_TIME: usize = 32;

impl Gateway {
    /// Deletes objects, and tells what came of each, in their order.
    pub async fn delete_many(
        &self,
        caller: &Caller,
        deletes: Vec<DeleteObject>,
    ) -> Vec<Result<Deleted, Error>> {
        let deletes = deletes.into_iter().map(|delete| self.execute(caller, delete));
        stream::iter(deletes).buffered(AT_A_TIME).collect().await
    }
}
