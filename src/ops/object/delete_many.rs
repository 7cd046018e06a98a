//! Many deletes in one request, on either face. Each is an operation of its own: authorised, counted and
//! audited like any other.

use futures_util::{StreamExt, stream};

use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::object::delete::DeleteObject;
use crate::storage::index::Deleted;

/// How many deletes of one request run at a time. It is enough for the index to commit them together, and no
/// more than one client's share of the index.
const AT_A_TIME: usize = 32;

impl Gateway {
    /// Deletes objects, and reports the outcome of each in the given order.
    pub async fn delete_many(
        &self,
        caller: &Caller,
        deletes: Vec<DeleteObject>,
    ) -> Vec<Result<Deleted, Error>> {
        let deletes = deletes.into_iter().map(|delete| self.execute(caller, delete));
        stream::iter(deletes).buffered(AT_A_TIME).collect().await
    }
}
