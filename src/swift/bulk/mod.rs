//! Bulk operations: many deletes in one request.

mod delete;
mod report;

pub use delete::delete;
#[cfg(any(test, fuzzing))]
pub use delete::read_list;
pub use report::Report;

use poem::http::Method;

use super::limits::{MAX_DELETES_PER_REQUEST, MAX_FAILED_DELETES};
use crate::http::query::Query;

/// Whether a request is a bulk delete: as in Swift, whatever its path names below the account.
pub fn is_delete(method: &Method, query: &Query) -> bool {
    (*method == Method::POST || *method == Method::DELETE) && query.has("bulk-delete")
}

/// What `/info` tells of it.
pub fn info() -> serde_json::Value {
    serde_json::json!({
        "max_deletes_per_request": MAX_DELETES_PER_REQUEST,
        "max_failed_deletes": MAX_FAILED_DELETES,
    })
}
