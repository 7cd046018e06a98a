//! Bulk operations: many deletes in one request.

mod delete;
mod report;

pub use delete::delete;
#[cfg(any(test, fuzzing))]
pub use delete::located_names;
pub use report::Report;

use super::limits::{MAX_DELETES_PER_REQUEST, MAX_FAILED_DELETES};

/// The limits that `/info` reports.
pub fn info() -> serde_json::Value {
    serde_json::json!({
        "max_deletes_per_request": MAX_DELETES_PER_REQUEST,
        "max_failed_deletes": MAX_FAILED_DELETES,
    })
}
