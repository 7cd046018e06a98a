//! The one line and the numbers about a request, written when its answer's last byte has gone out.

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

/// What is known of a request before it is answered.
pub(super) struct Record {
    pub(super) metrics: Arc<HttpMetrics>,
    pub(super) started: Instant,
    pub(super) id: String,
    pub(super) peer: std::net::SocketAddr,
    pub(super) method: Method,
    pub(super) dialect: Dialect,
    /// The path and query, masked.
    pub(super) target: String,
}

/// An answer's body, which writes the record when it is dropped.
pub struct ReplyBody {
    body: BoxBody<Bytes, io::Error>,
    record: Record,
    status: StatusCode,
    bytes: u64,
    failed: bool,
}

impl Record {
    /// The answer, watched to its end.
    pub(super) fn watch(
        self,
        response: hyper::Response<BoxBody<Bytes, io::Error>>,
    ) -> hyper::Response<ReplyBody> {
        let status = response.status();
        response.map(|body| ReplyBody { body, record: self, status, bytes: 0, failed: false })
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
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                // The status has gone out already: the connection breaks off, and only this says why.
                tracing::error!(request_id = %self.record.id, %error, "an answer broke off");
                self.failed = true;
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

impl Drop for ReplyBody {
    fn drop(&mut self) {
        let Record { metrics, started, id, peer, method, dialect, target } = &self.record;
        let took = started.elapsed();
        metrics.answered(*dialect, method, self.status, took);
        tracing::info!(
            target: "cardea::access",
            dialect = dialect.name(),
            %method,
            path = %target,
            status = self.status.as_u16(),
            bytes = self.bytes,
            seconds = took.as_secs_f64(),
            request_id = %id,
            %peer,
            broken = self.failed,
            "request"
        );
    }
}
