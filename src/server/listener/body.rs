//! A request's body that gives up on a client that stalls or trickles, and that is read to its end when nobody wants it.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::progress::{Allowance, Progress};
use super::timer::Timer;

/// How long the rest of a refused body is read. A client that writes without reading would else meet a reset
/// connection in place of the answer that says why.
const LINGER: Duration = Duration::from_secs(30);
/// How long of that nothing may arrive.
const LINGER_STALL: Duration = Duration::from_secs(5);

/// A request's body.
pub struct RequestBody {
    /// `None` once it has ended or failed.
    incoming: Option<Incoming>,
    progress: Progress,
    timer: Timer,
    /// Whether the client will send it unasked: false as long as it waits for `100 Continue`.
    under_way: bool,
}

impl RequestBody {
    /// Wraps the body of a request.
    pub fn new(incoming: Incoming, expects_continue: bool, allowance: Allowance) -> Self {
        let progress = Progress::new(allowance);
        Self { incoming: Some(incoming), progress, timer: Timer::default(), under_way: !expects_continue }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        this.under_way = true;
        match Pin::new(incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.timer.disarm();
                this.progress.arrived(Instant::now(), frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.incoming = None;
                Poll::Ready(Some(Err(broken(error))))
            }
            Poll::Ready(None) => {
                this.incoming = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                while !this.timer.is_armed() || this.timer.has_expired(context) {
                    let Some(next) = this.progress.waits(Instant::now()) else {
                        this.incoming = None;
                        let error = io::Error::new(io::ErrorKind::TimedOut, "the body stalls");
                        return Poll::Ready(Some(Err(error)));
                    };
                    this.timer.arm_until(next);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

fn broken(error: hyper::Error) -> io::Error {
    let kind = match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(source) if source.kind() == io::ErrorKind::UnexpectedEof => io::ErrorKind::UnexpectedEof,
        Some(source) if source.kind() == io::ErrorKind::InvalidData => io::ErrorKind::InvalidData,
        _ if error.is_incomplete_message() => io::ErrorKind::UnexpectedEof,
        _ if error.is_parse() => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::ConnectionReset,
    };
    io::Error::new(kind, error)
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(incoming) = self.incoming.take() else { return };
        if incoming.is_end_stream() || !self.under_way {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LINGER, read_out(incoming)));
        }
    }
}

async fn read_out(mut incoming: Incoming) {
    while let Ok(Some(Ok(_))) = tokio::time::timeout(LINGER_STALL, incoming.frame()).await {}
}
