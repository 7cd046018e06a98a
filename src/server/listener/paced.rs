//! A socket that gives up on a peer that stalls.
//!
//! hyper has one timer, for a request's headers, and it runs between requests, too. Here the silence before a
//! request, the headers and every write have timers of their own. The time that a handler takes has no limit
//! here, and [`super::body`] limits how long a request's body may stall.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::timer::Timer;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For a request's headers, and for a new connection's first byte.
    pub header: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For the next byte of a body, in either direction.
    pub body: Duration,
    /// For a whole request, until the last byte of its answer has gone out.
    pub request: Duration,
}

/// The phase of a connection, shared between its socket and its requests.
#[derive(Default, Debug)]
pub struct Pace {
    busy: AtomicBool,
    served: AtomicU64,
    /// The number of refused bodies whose rest is being read.
    lingering: AtomicUsize,
    /// When the latest request must have ended, with its whole answer written.
    deadline: Mutex<Option<Instant>>,
}

/// A request in flight. When this is dropped, the connection waits for the next request.
#[derive(Debug)]
pub struct Busy(Arc<Pace>);

/// The rest of a refused body is being read: arriving bytes are not the next request.
#[derive(Debug)]
pub struct Lingering(Arc<Pace>);

impl Pace {
    /// A request has arrived, and must have ended at `deadline`.
    pub fn begin(self: &Arc<Self>, deadline: Instant) -> Busy {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
        self.busy.store(true, Ordering::Release);
        Busy(self.clone())
    }

    /// The rest of a refused body will be read.
    pub fn linger(self: &Arc<Self>) -> Lingering {
        self.lingering.fetch_add(1, Ordering::AcqRel);
        Lingering(self.clone())
    }

    fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.served.fetch_add(1, Ordering::AcqRel);
        self.0.busy.store(false, Ordering::Release);
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        self.0.lingering.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The wait for a request's headers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wait {
    /// The number of requests before it.
    turn: u64,
    /// Whether some bytes of the headers have arrived.
    begun: bool,
}

/// A socket with patience.
pub struct Paced<T> {
    inner: T,
    pace: Arc<Pace>,
    patience: Patience,
    wait: Option<Wait>,
    read: Timer,
    write: Timer,
}

impl<T> Paced<T> {
    /// Wraps a socket.
    pub fn new(inner: T, pace: Arc<Pace>, patience: Patience) -> Self {
        Self { inner, pace, patience, wait: None, read: Timer::default(), write: Timer::default() }
    }

    /// Forgets the bytes that arrived: they were a handshake, or the rest of a body, and the next request is
    /// still to come.
    pub fn restart(&mut self) {
        self.wait = None;
        self.read.disarm();
    }

    /// The number of the awaited request, or `None` while a request is in flight.
    fn waiting(&mut self) -> Option<u64> {
        if self.pace.busy.load(Ordering::Acquire) {
            self.wait = None;
            self.read.disarm();
            return None;
        }
        Some(self.pace.served.load(Ordering::Acquire))
    }

    /// Bytes arrived. If they are the first of a request, the time for its headers starts now.
    fn arrived(&mut self) {
        let Some(turn) = self.waiting() else { return };
        if self.pace.lingering.load(Ordering::Acquire) > 0 {
            self.restart();
            return;
        }
        let wait = Some(Wait { turn, begun: true });
        if self.wait != wait {
            self.wait = wait;
            self.read.arm(self.patience.header);
        }
    }

    /// Nothing arrived. Returns whether that has lasted too long.
    fn is_overdue(&mut self, context: &mut Context<'_>) -> bool {
        let Some(turn) = self.waiting() else { return false };
        if self.wait.is_none_or(|wait| wait.turn != turn) {
            self.wait = Some(Wait { turn, begun: false });
            self.read.arm(if turn == 0 { self.patience.header } else { self.patience.idle });
        }
        self.read.has_expired(context)
    }

    /// Adds the time limit to an attempt to write.
    fn watch<R>(&mut self, context: &mut Context<'_>, attempt: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if attempt.is_ready() {
            self.write.disarm();
            return attempt;
        }
        if !self.write.is_armed() {
            // A peer that reads a byte now and then has until the request's deadline, and no longer.
            let stalled = Instant::now() + self.patience.body;
            self.write.arm_until(self.pace.deadline().map_or(stalled, |deadline| deadline.min(stalled)));
        }
        if self.write.has_expired(context) {
            Poll::Ready(Err(timed_out("the peer does not read, or not in time")))
        } else {
            attempt
        }
    }
}

fn timed_out(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.inner).poll_read(context, buffer) {
            if result.is_ok() && buffer.filled().len() > before {
                self.arrived();
            }
            return Poll::Ready(result);
        }
        if self.is_overdue(context) {
            return Poll::Ready(Err(timed_out("no request arrives")));
        }
        Poll::Pending
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.inner).poll_flush(context);
        self.watch(context, attempt)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.inner).poll_shutdown(context);
        self.watch(context, attempt)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Patience = Patience {
        handshake: Duration::from_millis(100),
        header: Duration::from_millis(100),
        idle: Duration::from_secs(8),
        body: Duration::from_secs(1),
        request: Duration::from_mins(1),
    };

    fn begin(pace: &Arc<Pace>) -> Busy {
        pace.begin(Instant::now() + PATIENCE.request)
    }

    fn pair() -> (DuplexStream, Paced<DuplexStream>, Arc<Pace>) {
        let (client, server) = duplex(16);
        let pace = Arc::new(Pace::default());
        (client, Paced::new(server, pace.clone(), PATIENCE), pace)
    }

    /// Whether reading fails with a timeout after this time. The next longer timeout is far from it.
    async fn times_out_after(paced: &mut Paced<DuplexStream>, time: Duration) -> bool {
        let since = Instant::now();
        let error = loop {
            if let Err(error) = paced.read_u8().await {
                break error;
            }
        };
        let took = since.elapsed();
        error.kind() == io::ErrorKind::TimedOut && (time..time + Duration::from_millis(7500)).contains(&took)
    }

    #[tokio::test]
    async fn a_silent_connection() {
        let (_client, mut paced, _pace) = pair();
        assert!(times_out_after(&mut paced, PATIENCE.header).await);
    }

    #[tokio::test]
    async fn headers_that_trickle() {
        let (mut client, mut paced, _pace) = pair();
        tokio::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(times_out_after(&mut paced, PATIENCE.header).await);
    }

    #[tokio::test]
    async fn idle_between_requests_and_patient_during_one() {
        let (mut client, mut paced, pace) = pair();
        client.write_u8(b'x').await.unwrap();
        paced.read_u8().await.unwrap();
        let busy = begin(&pace);
        let during = tokio::time::timeout(PATIENCE.idle + PATIENCE.header, paced.read_u8()).await;
        assert!(during.is_err(), "a request in flight may take its time");
        drop(busy);
        assert!(times_out_after(&mut paced, PATIENCE.idle).await);

        drop(begin(&pace));
        client.write_u8(b'x').await.unwrap();
        assert!(times_out_after(&mut paced, PATIENCE.header).await);
    }

    #[tokio::test]
    async fn the_rest_of_a_body_is_no_request() {
        let (mut client, mut paced, pace) = pair();
        drop(begin(&pace));
        let lingering = pace.linger();
        for _ in 0..5 {
            client.write_u8(b'x').await.unwrap();
            paced.read_u8().await.unwrap();
            let silence = tokio::time::timeout(PATIENCE.header * 2, paced.read_u8()).await;
            assert!(silence.is_err(), "a body has its own time limit");
        }
        drop(lingering);
        let end = tokio::time::timeout(PATIENCE.request, paced.read_u8()).await;
        assert_eq!(
            end.unwrap().unwrap_err().kind(),
            io::ErrorKind::TimedOut,
            "then the next request must come"
        );
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read() {
        let (_client, mut paced, pace) = pair();
        let _busy = begin(&pace);
        let since = Instant::now();
        let error = paced.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(since.elapsed() >= PATIENCE.body);
    }

    #[tokio::test]
    async fn a_peer_that_reads_a_little_now_and_then() {
        let (mut client, mut paced, pace) = pair();
        let time = Duration::from_millis(500);
        let since = Instant::now();
        // The rest of an answer counts, too, when its body has been handed over.
        drop(pace.begin(since + time));
        tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let error = paced.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!((time..PATIENCE.request / 2).contains(&since.elapsed()));
    }
}
