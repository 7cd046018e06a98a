//! One connection, from its handshake to its end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::body::Arriving;
use super::paced::{Busy, Pace, Paced, Patience};
use super::timer::Timer;
use super::{Handler, Origin, Permit};

/// The most headers of a request: Swift allows 90 items of metadata, S3 some 2 KiB of it.
const MAX_HEADERS: usize = 256;
/// The largest request head, in bytes. A key of 1024 bytes may take three times as many in the path, and
/// again in headers.
const MAX_HEAD: usize = 64 * 1024;
/// hyper's read buffer grows up to this: uploads arrive in frames of about 100 KiB, and each connection may
/// hold one.
const MAX_BUFFER: usize = 256 * 1024;
/// How long after a request's deadline an answer about that may go out.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Serves connections, each in its own task.
pub(super) struct Connections<H> {
    handler: Arc<H>,
    patience: Patience,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
    http: http1::Builder,
}

impl<H: Handler> Connections<H> {
    pub(super) fn new(
        handler: Arc<H>,
        patience: Patience,
        tls: Option<TlsAcceptor>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let mut http = http1::Builder::new();
        // `Paced` watches the times more finely. hyper's own timer is a safety net. It also makes hyper read
        // between requests, so that hyper notices a peer that went away.
        http.timer(TokioTimer::new())
            .header_read_timeout(patience.idle + patience.header)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_BUFFER)
            .writev(true)
            .half_close(false);
        Self { handler, patience, tls, stop, http }
    }

    /// Serves a connection. The permit goes back when it ends.
    pub(super) fn spawn(&self, socket: TcpStream, peer: SocketAddr, permit: Permit) {
        let (handler, patience, tls) = (self.handler.clone(), self.patience, self.tls.clone());
        let (stop, http) = (self.stop.clone(), self.http.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let _open = Open::new(&*handler);
            // Without this, a small answer waits for the acknowledgement of the answer before it.
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            let Ok(local) = socket.local_addr() else { return };
            let origin = Origin { peer, local, tls: tls.is_some() };
            let pace = Arc::new(Pace::default());
            let mut socket = Paced::new(socket, pace.clone(), patience);
            let Some(tls) = tls else {
                return serve(http, socket, handler.clone(), origin, (pace, patience.request), stop).await;
            };
            socket.restart();
            match tokio::time::timeout(patience.handshake, tls.accept(socket)).await {
                Ok(Ok(mut stream)) => {
                    stream.get_mut().0.restart();
                    serve(http, stream, handler.clone(), origin, (pace, patience.request), stop).await;
                }
                Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            }
        });
    }
}

async fn serve<H: Handler, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    http: http1::Builder,
    stream: S,
    handler: Arc<H>,
    origin: Origin,
    (pace, longest): (Arc<Pace>, Duration),
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let deadline = Instant::now() + longest + LAST_WORDS;
        let (handler, pace, busy) = (handler.clone(), pace.clone(), pace.begin(deadline));
        // Boxed, so that it takes memory only while there is a request: hyper reserves the space as long as
        // the connection is open.
        Box::pin(async move {
            let request = request.map(|incoming| Arriving::new(incoming, pace.clone()));
            let response = handler.handle(request, origin).await;
            Ok::<_, Infallible>(response.map(|body| Guarded {
                body,
                deadline,
                timer: Timer::default(),
                _busy: busy,
            }))
        })
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %origin.peer, %error, "connection ended");
    }
}

/// Waits for the end.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: that is the end, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Counts a connection as long as it is open.
struct Open<'a, H: Handler>(&'a H);

impl<'a, H: Handler> Open<'a, H> {
    fn new(handler: &'a H) -> Self {
        handler.connections(1);
        Self(handler)
    }
}

impl<H: Handler> Drop for Open<'_, H> {
    fn drop(&mut self) {
        self.0.connections(-1);
    }
}

/// An answer's body. The request is in flight until the body has gone out, at most until the deadline.
struct Guarded<B> {
    body: B,
    deadline: Instant,
    timer: Timer,
    _busy: Busy,
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> Body for Guarded<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        // A body that is always ready is checked here; for a body that waits there is the timer.
        let late = match &polled {
            Poll::Ready(None) => false,
            Poll::Ready(Some(_)) => Instant::now() >= this.deadline,
            Poll::Pending => {
                if !this.timer.is_armed() {
                    this.timer.arm_until(this.deadline);
                }
                this.timer.has_expired(context)
            }
        };
        if late {
            return Poll::Ready(Some(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the request takes too long",
            ))));
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
