//! A listener with real sockets.

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

/// `/sum` reads its body and says how long it was, `/refuse` answers without reading it, `/slow` waits.
struct Echo;

impl Handler for Echo {
    type Body = http_body_util::combinators::BoxBody<Bytes, io::Error>;

    async fn handle(&self, request: Request<Arriving>, _origin: Origin) -> Response<Self::Body> {
        let (head, body) = request.into_parts();
        let continues = head.headers.contains_key("expect");
        let allowance = Allowance {
            stall: Duration::from_millis(200),
            deadline: tokio::time::Instant::now() + Duration::from_mins(1),
            crowded: Crowded::new(|| false),
        };
        let mut body = RequestBody::new(body, continues, allowance);
        let text = match head.uri.path() {
            "/sum" => {
                let mut sum = 0;
                loop {
                    match body.frame().await {
                        Some(Ok(frame)) => sum += frame.data_ref().map_or(0, Bytes::len),
                        Some(Err(error)) => break format!("{:?}", error.kind()),
                        None => break sum.to_string(),
                    }
                }
            }
            "/slow" => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                "slow".to_owned()
            }
            _ => "refused".to_owned(),
        };
        Response::new(Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed())
    }
}

struct Server {
    address: SocketAddr,
    limits: Limits,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn server(connections: usize) -> Server {
    let patience = Patience {
        handshake: Duration::from_millis(200),
        header: Duration::from_secs(1),
        idle: Duration::from_secs(3),
        body: Duration::from_millis(200),
        request: Duration::from_mins(1),
    };
    let limits = Limits { patience, connections: Arc::new(Semaphore::new(connections)) };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.socket.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(listener.serve(Arc::new(Echo), limits.clone(), stopped));
    Server { address, limits, stop, task }
}

impl Server {
    /// Sends bytes and returns what comes back until the connection ends.
    async fn talk(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        read_all(&mut stream).await
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut answer)).await;
    read.expect("the connection is still open").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn silent_partial_and_idle_connections_are_closed() {
    let server = server(10).await;
    assert_eq!(server.talk(b"").await, "");
    assert_eq!(server.talk(b"GET / HTTP/1.1\r\nHost:").await, "");
    let answer = server.talk(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("refused"), "{answer}");
    assert!(answer.contains("\r\ndate: ") && !answer.contains("server:"), "{answer}");
}

#[tokio::test]
async fn a_stalled_body_fails_its_request() {
    let server = server(10).await;
    let answer = server.talk(b"PUT /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(answer.ends_with("TimedOut"), "{answer}");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PUT /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc").await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.is_empty() || answer.ends_with("UnexpectedEof"), "{answer}");
}

#[tokio::test]
async fn a_trickling_body_is_given_up() {
    let server = server(10).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PUT /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\n").await.unwrap();
    let since = std::time::Instant::now();
    // Slower than the least average, but never stalling for long.
    let (mut read, mut write) = stream.into_split();
    tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = [0; 1024];
    let length = read.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.ends_with("TimedOut"), "{answer}");
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_unread_body_does_not_cost_the_answer() {
    let server = server(10).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let length = 32 << 20;
    let head = format!("PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // Like Python's clients: all of the body first, then the answer.
    stream.write_all(&vec![0; length]).await.unwrap();
    stream.write_all(b"GET /sum HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.contains("refused") && answer.ends_with('0'), "{answer}");
}

#[tokio::test]
async fn the_rest_of_a_refused_body_may_come_slowly() {
    let server = server(10).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n").await.unwrap();
    // This takes longer than the headers of a request may take.
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"x").await.unwrap();
    }
    stream.write_all(b"GET /sum HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.contains("refused") && answer.ends_with('0'), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_not_asked_for_a_refused_body() {
    let server = server(10).await;
    let expect = "Host: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let answer = server.talk(format!("PUT /refuse HTTP/1.1\r\n{expect}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let answer = server.talk(format!("PUT /sum HTTP/1.1\r\n{expect}abc").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue") && answer.ends_with('3'), "{answer}");
}

#[tokio::test]
async fn too_many_connections_wait() {
    let server = server(1).await;
    let _first = TcpStream::connect(server.address).await.unwrap();
    // The second one waits until the first has been silent for too long.
    let answer = server.talk(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("refused"), "{answer}");
}

#[tokio::test]
async fn a_drain_lets_requests_end_and_closes_the_rest() {
    let server = server(10).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.stop.send_replace(true);
    server.task.await.unwrap();
    assert_eq!(read_all(&mut idle).await, "");
    let answer = read_all(&mut slow).await;
    assert!(answer.contains("connection: close") && answer.ends_with("slow"), "{answer}");
    let all = server.limits.connections.acquire_many(10);
    assert!(tokio::time::timeout(Duration::from_secs(1), all).await.unwrap().is_ok());
}
