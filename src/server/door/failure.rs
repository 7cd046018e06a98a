//! The answer when a front could not give one.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use poem::Response;
use poem::http::StatusCode;

use crate::server::dispatch::Dialect;

/// A front's answer, or a 500 where it panics.
pub(super) async fn survive(dialect: Dialect, id: &str, answer: impl Future<Output = Response>) -> Response {
    // What a front shares between requests it guards with locks that do not mind a panic.
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id = id, "a request ended in a panic");
        internal_error(dialect, id)
    })
}

/// A 500 that the dialect's clients read.
fn internal_error(dialect: Dialect, id: &str) -> Response {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_500_in_its_dialect() {
        for (dialect, header) in [
            (Dialect::S3, "x-amz-request-id"),
            (Dialect::Swift, "x-trans-id"),
            (Dialect::Identity, "x-trans-id"),
        ] {
            let answer = survive(dialect, "tx1", async { panic!("secret") }).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(answer.header(header), Some("tx1"));
        }
        let answer = survive(Dialect::S3, "tx1", async { Response::from(StatusCode::OK) }).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
