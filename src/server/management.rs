//! The management listener: `/livez`, `/readyz`, `/metrics`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};

use tokio::sync::watch;

use super::listener::{Arriving, Handler, Origin};
use crate::ops::Metrics;
use crate::storage::blobs::BlobStore;
use crate::storage::disk::Level;
use crate::storage::index::Index;

/// How long index and store may take to answer a check.
const CHECK: Duration = Duration::from_secs(5);
/// The format that `prometheus-client` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The handler of the management listener.
pub struct Management {
    /// It must be readable and writable.
    pub index: Arc<dyn Index>,
    /// It must be readable.
    pub blobs: BlobStore,
    pub metrics: Arc<Metrics>,
    /// Whether the gateway is about to end. It is then not ready, so that no more requests are sent to it.
    pub stopping: watch::Receiver<bool>,
}

impl Handler for Management {
    type Body = BoxBody<Bytes, io::Error>;

    async fn handle(&self, request: Request<Arriving>, _origin: Origin) -> Response<Self::Body> {
        let answer = self.answer(request.method(), request.uri().path()).await;
        answer.map(|body| Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed())
    }
}

impl Management {
    async fn answer(&self, method: &Method, path: &str) -> Response<String> {
        if !["/livez", "/readyz", "/metrics"].contains(&path) {
            return text(StatusCode::NOT_FOUND, "no such page; there are /livez, /readyz and /metrics\n");
        }
        if ![Method::GET, Method::HEAD].contains(method) {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            answer.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            "/livez" => text(StatusCode::OK, "alive\n"),
            "/metrics" => typed(StatusCode::OK, OPEN_METRICS, self.metrics.encode()),
            _ => match self.is_ready().await {
                Ok(None) => text(StatusCode::OK, "ready\n"),
                Ok(Some(but)) => text(StatusCode::OK, format!("ready, but {but}\n")),
                Err(why) => {
                    tracing::warn!(why, "not ready");
                    text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n"))
                }
            },
        }
    }

    /// A full or read-only disk does not make the gateway unready: reads and deletes would fail, too, and if
    /// the disk is the gateway's own, no other gateway can serve them. The text in `Some` is for people.
    async fn is_ready(&self) -> Result<Option<&'static str>, &'static str> {
        if *self.stopping.borrow() {
            return Err("about to end");
        }
        let level = self.blobs.disk().level();
        let index = async {
            match level {
                Level::Ample => self.index.check().await.map_err(|_| "the index cannot be written"),
                Level::Scarce | Level::Spent | Level::ReadOnly => {
                    self.index.install().await.map(|_| ()).map_err(|_| "the index cannot be read")
                }
            }
        };
        let blobs = async { self.blobs.check().await.map_err(|_| "the blob store cannot be read") };
        let both = async { futures_util::future::try_join(index, blobs).await.map(|_| ()) };
        tokio::time::timeout(CHECK, both)
            .await
            .unwrap_or(Err("index or blob store do not answer in time"))?;
        Ok((level != Level::Ample).then(|| level.describe()))
    }
}

fn text(status: StatusCode, body: impl Into<String>) -> Response<String> {
    typed(status, TEXT, body.into())
}

fn typed(status: StatusCode, media_type: &'static str, body: String) -> Response<String> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(media_type));
    answer
}
