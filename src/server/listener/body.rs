//! A request's body. It gives up on a client that stalls or trickles. If nobody wants the rest of it, that is
//! read and dropped.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::paced::{Lingering, Pace};
use super::progress::{Allowance, BodyProgress};
use super::timer::Timer;

/// How long the rest of a refused body is read. Otherwise a client that writes without reading would meet a
/// reset connection in place of the answer with the reason.
const LINGER: Duration = Duration::from_secs(30);
/// How long this rest may stall.
const LINGER_STALL: Duration = Duration::from_secs(5);

/// A request's body as it arrives, and the pace of its connection.
pub(crate) struct Arriving {
    incoming: Incoming,
    pace: Arc<Pace>,
}

impl Arriving {
    pub(super) fn new(incoming: Incoming, pace: Arc<Pace>) -> Self {
        Self { incoming, pace }
    }
}

/// A request's body.
pub(crate) struct RequestBody {
    /// `None` once it has ended or failed.
    arriving: Option<Arriving>,
    progress: BodyProgress,
    timer: Timer,
    /// Whether the client sends it without being asked. This is false as long as the client waits for `100
    /// Continue`.
    under_way: bool,
}

impl RequestBody {
    /// Wraps the body of a request.
    pub(crate) fn new(arriving: Arriving, expects_continue: bool, allowance: Allowance) -> Self {
        let progress = BodyProgress::new(allowance);
        Self { arriving: Some(arriving), progress, timer: Timer::default(), under_way: !expects_continue }
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
        let Some(arriving) = &mut this.arriving else { return Poll::Ready(None) };
        this.under_way = true;
        match Pin::new(&mut arriving.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.timer.disarm();
                this.progress.arrived(Instant::now(), frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.arriving = None;
                Poll::Ready(Some(Err(broken(error))))
            }
            Poll::Ready(None) => {
                this.arriving = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                while !this.timer.is_armed() || this.timer.has_expired(context) {
                    let Some(next) = this.progress.waits(Instant::now()) else {
                        this.arriving = None;
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
        self.arriving.as_ref().is_none_or(|arriving| arriving.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.arriving
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), |arriving| arriving.incoming.size_hint())
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
        let Some(arriving) = self.arriving.take() else { return };
        if arriving.incoming.is_end_stream() || !self.under_way {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let lingering = arriving.pace.linger();
            runtime.spawn(tokio::time::timeout(LINGER, read_out(arriving.incoming, lingering)));
        }
    }
}

async fn read_out(mut incoming: Incoming, _lingering: Lingering) {
    while let Ok(Some(Ok(_))) = tokio::time::timeout(LINGER_STALL, incoming.frame()).await {}
}
