//! `/healthcheck`: says that somebody listens. Whether storage answers is the management listener's readiness.

use poem::Response;
use poem::http::StatusCode;

use super::reply;

/// Answers `/healthcheck`.
pub fn answer() -> Response {
    reply::with_body(StatusCode::OK, "text/plain", "OK")
}
