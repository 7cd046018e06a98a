//! `/healthcheck`: reports that the process listens. The readiness probe of the management listener reports
//! whether storage answers.

use poem::Response;
use poem::http::StatusCode;

use super::reply;

pub(crate) fn answer() -> Response {
    reply::with_body(StatusCode::OK, "text/plain", "OK")
}
