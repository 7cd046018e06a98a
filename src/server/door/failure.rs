//! The answer in place of a front that could not give one.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use poem::Response;
use poem::http::StatusCode;
use tokio::time::{Instant, timeout_at};

use crate::server::dispatch::Dialect;

/// How long after a request's deadline its front may still answer: the body has just failed, and the front
/// reports that.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a front gave no answer.
#[derive(Clone, Copy)]
enum Failure {
    Panicked,
    TookTooLong,
}

impl Failure {
    const fn status(self) -> StatusCode {
        match self {
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TookTooLong => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// S3's code and message.
    const fn s3(self) -> (&'static str, &'static str) {
        match self {
            Self::Panicked => ("InternalError", "We encountered an internal error. Please try again."),
            Self::TookTooLong => ("ServiceUnavailable", "The request took too long. Please try again."),
        }
    }

    /// A sentence for the others, and the title of the status.
    const fn sentence(self) -> (&'static str, &'static str) {
        match self {
            Self::Panicked => ("The server met an internal error.", "Internal Server Error"),
            Self::TookTooLong => ("The request took too long.", "Service Unavailable"),
        }
    }
}

/// A front's answer. If the front panics, it is a 500; if there is no answer at the request's deadline, it is
/// a 503.
pub(super) async fn survive(
    dialect: Dialect,
    id: &str,
    deadline: Instant,
    answer: impl Future<Output = Response>,
) -> Response {
    // A panic is safe here: all state that requests share is behind locks that ignore poisoning.
    match timeout_at(deadline + LAST_WORDS, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            tracing::error!(request_id = id, "a request ended in a panic");
            render(Failure::Panicked, dialect, id)
        }
        Err(_) => {
            tracing::warn!(request_id = id, "a request took longer than request_timeout");
            render(Failure::TookTooLong, dialect, id)
        }
    }
}

/// An answer in the dialect. Request ids are ours, so nothing in them needs escaping.
fn render(failure: Failure, dialect: Dialect, id: &str) -> Response {
    let status = failure.status();
    let mut answer = Response::builder().status(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer = answer.header("retry-after", "1");
    }
    let (sentence, title) = failure.sentence();
    match dialect {
        Dialect::S3 => {
            let (code, message) = failure.s3();
            answer.header("x-amz-request-id", id).content_type("application/xml").body(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                 <RequestId>{id}</RequestId></Error>"
            ))
        }
        Dialect::Swift => answer
            .header("x-trans-id", id)
            .header("x-openstack-request-id", id)
            .content_type("text/plain; charset=UTF-8")
            .body(sentence),
        Dialect::Identity => answer
            .header("x-trans-id", id)
            .header("x-openstack-request-id", id)
            .content_type("application/json")
            .body(format!(
                "{{\"error\": {{\"code\": {}, \"message\": \"{sentence}\", \"title\": \"{title}\"}}}}",
                status.as_u16()
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Dialect, &str); 3] = [
        (Dialect::S3, "x-amz-request-id"),
        (Dialect::Swift, "x-trans-id"),
        (Dialect::Identity, "x-trans-id"),
    ];

    #[tokio::test]
    async fn a_panic_is_a_500_in_its_dialect() {
        let later = Instant::now() + Duration::from_mins(1);
        for (dialect, header) in ALL {
            let answer = survive(dialect, "tx1", later, async { panic!("secret") }).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(answer.header(header), Some("tx1"));
        }
        let answer = survive(Dialect::S3, "tx1", later, async { Response::from(StatusCode::OK) }).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn no_answer_is_a_503_in_its_dialect() {
        let up = Instant::now();
        for (dialect, header) in ALL {
            let answer = survive(dialect, "tx1", up, std::future::pending()).await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.header(header), Some("tx1"));
            assert_eq!(answer.header("retry-after"), Some("1"));
            let body = answer.into_body().into_bytes_limit(1024).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains("took too long"), "{body}");
        }
    }
}
