//! A proxy to the database that can be disturbed.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// The fault of the next commit.
#[derive(Clone)]
pub enum Fault {
    /// The commit does not reach the database.
    Before,
    /// The answer does not get back. The connection ends when a permit is there.
    After(Arc<Semaphore>),
}

/// The state of the proxy.
#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    /// The ports by which the database knows the connections.
    ports: Vec<u16>,
    met: usize,
}

pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// Starts a proxy for the server of a URL.
    pub async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let (open, is_open) = watch::channel(true);
        let (server, shared) = (address(url), state.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *is_open.borrow() {
                    tokio::spawn(connect(client, server.clone(), shared.clone(), is_open.clone()));
                }
            }
        });
        Self { port, state, open }
    }

    /// A URL that leads here.
    pub fn url(&self, url: &str) -> String {
        url.replace(&address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// Disturbs the next commit.
    pub fn disturb(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }

    /// Stops disturbing commits.
    pub fn calm(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// The number of disturbed commits.
    pub fn met(&self) -> usize {
        self.state.lock().unwrap().met
    }

    /// The ports by which the database knows the connections.
    pub fn ports(&self) -> Vec<i32> {
        self.state.lock().unwrap().ports.iter().map(|port| i32::from(*port)).collect()
    }

    /// Ends all connections and accepts no more, or accepts them again.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }
}

fn address(url: &str) -> String {
    let place = url.split_once('@').unwrap().1;
    place.split_once('/').unwrap().0.to_owned()
}

async fn connect(
    client: TcpStream,
    server: String,
    state: Arc<Mutex<State>>,
    mut open: watch::Receiver<bool>,
) {
    let server = TcpStream::connect(server).await.unwrap();
    state.lock().unwrap().ports.push(server.local_addr().unwrap().port());
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (swallow, swallows) = watch::channel(None);
    tokio::select! {
        () = requests(from_client, to_server, state, swallow) => {}
        () = answers(from_server, to_client, swallows) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<Mutex<State>>,
    swallow: watch::Sender<Option<Arc<Semaphore>>>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let is_commit = buffer[..length].windows(7).any(|bytes| bytes == b"COMMIT\0");
        let fault = if is_commit {
            let mut state = state.lock().unwrap();
            let fault = state.faults.pop();
            state.met += usize::from(fault.is_some());
            fault
        } else {
            None
        };
        match fault {
            Some(Fault::Before) => return,
            Some(Fault::After(release)) => drop(swallow.send_replace(Some(release))),
            None => {}
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    swallows: watch::Receiver<Option<Arc<Semaphore>>>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let release = swallows.borrow().clone();
        if let Some(release) = release {
            release.acquire().await.unwrap().forget();
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
