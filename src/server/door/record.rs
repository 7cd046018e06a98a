//! The log line and the metrics of a request. They are written when the answer's last byte has gone out, or
//! when its client has gone away.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Method, StatusCode};

use super::metrics::HttpMetrics;
use crate::server::dispatch::Dialect;

/// A request. It is logged when it is dropped: after its answer, or because its client went away before.
pub(super) struct Record {
    metrics: Arc<HttpMetrics>,
    started: Instant,
    request: Request,
    /// `None` before there is an answer.
    status: Option<StatusCode>,
    bytes: u64,
    broken: bool,
}

/// The facts about a request that are known before its answer.
pub(super) struct Request {
    pub(super) id: String,
    pub(super) peer: std::net::SocketAddr,
    pub(super) method: Method,
    pub(super) dialect: Dialect,
    /// The path and query, masked.
    pub(super) target: String,
}

/// An answer's body, and the record of its request.
pub(crate) struct ReplyBody {
    body: BoxBody<Bytes, io::Error>,
    record: Record,
}

/// The status of a request whose client went away before the answer: nginx's number.
const CLIENT_CLOSED_REQUEST: u16 = 499;

impl Record {
    pub(super) fn new(metrics: Arc<HttpMetrics>, started: Instant, request: Request) -> Self {
        Self { metrics, started, request, status: None, bytes: 0, broken: false }
    }

    /// The path and query, masked.
    pub(super) fn target(&self) -> &str {
        &self.request.target
    }

    /// Wraps the answer, so that its end is logged.
    pub(super) fn watch(
        mut self,
        response: hyper::Response<BoxBody<Bytes, io::Error>>,
    ) -> hyper::Response<ReplyBody> {
        self.status = Some(response.status());
        response.map(|body| ReplyBody { body, record: self })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Request { id, peer, method, dialect, target } = &self.request;
        let took = self.started.elapsed();
        let status = self.status.map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16());
        self.metrics.answered(*dialect, method, status, took);
        tracing::info!(
            target: "cardea::access",
            dialect = dialect.name(),
            %method,
            path = %target,
            status,
            bytes = self.bytes,
            seconds = took.as_secs_f64(),
            request_id = %id,
            %peer,
            broken = self.broken || self.status.is_none(),
            "request"
        );
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                // The status has gone out already. The connection breaks off, and only this line gives the
                // reason.
                tracing::error!(request_id = %self.record.request.id, %error, "an answer broke off");
                self.record.broken = true;
            }
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
