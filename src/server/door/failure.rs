//! The answer when a front could not give one.

use poem::Response;
use poem::http::StatusCode;

use crate::server::dispatch::Dialect;

/// A 500 that the dialect's clients read.
pub(super) fn internal_error(dialect: Dialect, id: &str) -> Response {
    let answer = Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR);
    // Ids are ours: nothing in them needs escaping.
    match dialect {
        Dialect::S3 => answer.header("x-amz-request-id", id).content_type("application/xml").body(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>We encountered an \
             internal error. Please try again.</Message><RequestId>{id}</RequestId></Error>"
        )),
        Dialect::Swift => answer
            .header("x-trans-id", id)
            .header("x-openstack-request-id", id)
            .content_type("text/plain; charset=UTF-8")
            .body("The server met an internal error."),
        Dialect::Identity => answer
            .header("x-trans-id", id)
            .header("x-openstack-request-id", id)
            .content_type("application/json")
            .body(
                "{\"error\": {\"code\": 500, \"message\": \"The server met an internal error.\", \"title\": \"Internal Server Error\"}}",
            ),
    }
}
