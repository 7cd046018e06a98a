//! The listener: it accepts connections, reads requests from them, and enforces every limit on a peer.
//!
//! One loop for all protocols and for the management listener: accept under a semaphore, TLS, HTTP/1.1 by
//! hyper, time limits for each phase, and a drain at the end. It knows nothing of the protocols above.

mod body;
mod connection;
mod paced;
mod progress;
mod timer;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

pub(crate) use body::{Arriving, RequestBody};
pub(crate) use paced::Patience;
pub(crate) use progress::{Allowance, Crowded};
pub(crate) use tls::{Certificate, ServerKeyPair};

use connection::{Connections, stopped};

/// How long to wait if the process is out of files or memory: accepting again at once would only spin.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The direct peer.
    pub peer: SocketAddr,
    pub local: SocketAddr,
    /// Whether the connection is TLS.
    pub tls: bool,
}

/// The code that answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The bodies of its answers.
    type Body: hyper::body::Body<Data = Bytes, Error = io::Error> + Send + Unpin + 'static;

    /// Answers a request. It cannot fail: an error is an answer, too.
    fn handle(
        &self,
        request: hyper::Request<Arriving>,
        origin: Origin,
    ) -> impl Future<Output = hyper::Response<Self::Body>> + Send;

    /// A connection was opened, or closed.
    fn connections(&self, change: i64) {
        let _ = change;
    }
}

/// Limits that all listeners of a process share.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long a peer may take.
    pub patience: Patience,
    /// One permit for each connection.
    pub connections: Arc<Semaphore>,
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Binds an address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, tls: None })
    }

    #[must_use]
    pub fn with_tls(self, config: Arc<rustls::ServerConfig>) -> Self {
        Self { tls: Some(config.into()), ..self }
    }

    /// Serves until `stop` turns true. Open connections then end after their request.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, limits: Limits, mut stop: watch::Receiver<bool>) {
        let connections = Connections::new(handler, limits.patience, self.tls, stop.clone());
        // Logged once, until a connection is accepted again.
        let mut exhausted = false;
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &limits.connections) => accepted,
                () = stopped(&mut stop) => return,
            };
            match accepted {
                Ok((socket, peer, permit)) => {
                    exhausted = false;
                    connections.spawn(socket, peer, permit);
                }
                Err(error) if is_exhausted(&error) => {
                    if !exhausted {
                        tracing::error!(%error, "connections cannot be accepted");
                    }
                    exhausted = true;
                    tokio::time::sleep(EXHAUSTED).await;
                }
                // The peer gave up before it was accepted.
                Err(error) => tracing::debug!(%error, "a connection was not accepted"),
            }
        }
    }
}

type Permit = tokio::sync::OwnedSemaphorePermit;

/// Accepts a connection, and waits until there is a permit for it; meanwhile the kernel's queue holds the
/// others. If the permit were taken first, each listener would hold a permit while no client comes.
async fn accept(
    socket: &TcpListener,
    connections: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, Permit)> {
    let (stream, peer) = socket.accept().await?;
    let permit = connections.clone().acquire_owned().await.map_err(io::Error::other)?;
    Ok((stream, peer, permit))
}

fn is_exhausted(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.iter().any(|errno| errno.raw_os_error() == code))
}

#[cfg(test)]
mod tests;
