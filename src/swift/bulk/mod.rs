//! Bulk operations: many deletes in one request.

mod delete;
mod report;

pub(crate) use delete::delete;
#[cfg(any(test, fuzzing))]
pub(crate) use delete::located_names;
pub(crate) use report::Report;

use super::limits::{MAX_DELETES_PER_REQUEST, MAX_FAILED_DELETES};

/// The limits that `/info` reports.
pub(crate) fn info() -> serde_json::Value {
    serde_json::json!({
        "max_deletes_per_request": MAX_DELETES_PER_REQUEST,
        "max_failed_deletes": MAX_FAILED_DELETES,
    })
}
