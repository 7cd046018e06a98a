//! Observing the requests to the store, and their outcomes.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, future, stream};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{ClientOptions, Error, ObjectMeta};

use super::is_full;

/// Counts the requests to the store.
pub trait Observer: Send + Sync {
    /// A request, with all of its tries.
    fn request(&self, operation: &'static str, outcome: &'static str, took: Duration);
    /// One try of a request to a store behind a network.
    fn attempt(&self, method: &'static str, outcome: &'static str);
}

/// Reports to the observer, once there is one.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<OnceLock<Arc<dyn Observer>>>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    /// Sets the observer. The first one stays.
    pub(super) fn tell(&self, observer: Arc<dyn Observer>) {
        let _ = self.0.set(observer);
    }

    /// Runs a request and reports it. A request whose caller goes away is not reported.
    pub(super) async fn time<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> object_store::Result<T> {
        let begun = Instant::now();
        let outcome = request.await;
        self.request(operation, outcome.as_ref().err(), begun);
        outcome
    }

    /// Reports a request that began at this moment.
    pub(super) fn request(&self, operation: &'static str, error: Option<&Error>, begun: Instant) {
        if let Some(observer) = self.0.get() {
            observer.request(operation, error.map_or("done", kind), begun.elapsed());
        }
    }

    /// Passes a listing on, and reports it at its end.
    pub(super) fn listing(
        &self,
        found: BoxStream<'static, object_store::Result<ObjectMeta>>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let (watch, begun, mut failed) = (self.clone(), Instant::now(), false);
        let end = stream::once(future::ready(None));
        let tell = move |item: Option<object_store::Result<ObjectMeta>>| {
            match &item {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    failed = true;
                    watch.request("list", Some(error), begun);
                }
                None if failed => {}
                None => watch.request("list", None, begun),
            }
            future::ready(item)
        };
        found.map(Some).chain(end).filter_map(tell).boxed()
    }

    fn attempt(&self, method: &http::Method, outcome: &'static str) {
        if let Some(observer) = self.0.get() {
            observer.attempt(verb(method), outcome);
        }
    }
}

/// A word for a request's failure.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => "missing",
        Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. } => "exists",
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => "denied",
        error if is_full(error) => "full",
        _ => "failed",
    }
}

/// The verbs of requests to stores.
fn verb(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "POST" => "POST",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// Makes HTTP clients that report every request.
#[derive(Debug)]
pub(super) struct Watched(pub(super) Watch);

impl HttpConnector for Watched {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(WatchedClient { client, watch: self.0.clone() }))
    }
}

#[derive(Debug)]
struct WatchedClient {
    client: HttpClient,
    watch: Watch,
}

#[async_trait]
impl HttpService for WatchedClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let method = request.method().clone();
        let answer = self.client.execute(request).await;
        let outcome = match &answer {
            Ok(answer) => answered(answer.status()),
            Err(error) => unanswered(error.kind()),
        };
        self.watch.attempt(&method, outcome);
        answer.map_err(passing)
    }
}

fn answered(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        401 | 403 => "denied",
        404 => "missing",
        429 | 503 => "slow-down",
        300..=499 => "4xx",
        _ => "5xx",
    }
}

fn unanswered(kind: HttpErrorKind) -> &'static str {
    match kind {
        HttpErrorKind::Connect => "no-connection",
        HttpErrorKind::Timeout => "timeout",
        _ => "broken",
    }
}

/// If a request broke off for a reason that `object_store` does not know, it is tried again like the others,
/// if it may be sent twice.
fn passing(error: HttpError) -> HttpError {
    match error.kind() {
        HttpErrorKind::Unknown => HttpError::new(HttpErrorKind::Interrupted, error),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_off_may_be_tried_again() {
        let kinds = [HttpErrorKind::Unknown, HttpErrorKind::Timeout, HttpErrorKind::Decode];
        let passed =
            kinds.map(|kind| passing(HttpError::new(kind, std::io::Error::other("it broke off"))).kind());
        assert_eq!(passed, [HttpErrorKind::Interrupted, HttpErrorKind::Timeout, HttpErrorKind::Decode]);
    }

    #[test]
    fn every_answer_has_a_word() {
        for (status, word) in
            [(206, "2xx"), (403, "denied"), (404, "missing"), (503, "slow-down"), (500, "5xx")]
        {
            assert_eq!(answered(http::StatusCode::from_u16(status).unwrap()), word);
        }
        assert_eq!(unanswered(HttpErrorKind::Timeout), "timeout");
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(kind(&Error::Generic { store: "local", source: Box::new(full) }), "full");
        assert_eq!(kind(&Error::Generic { store: "S3", source: "500".into() }), "failed");
    }
}
