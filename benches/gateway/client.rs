//! A small signing client over hyper, on plain HTTP or TLS: cheap enough to leave the server its processor.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cardea::model::Timestamp;
use cardea::s3::testing::Signer;
use futures_util::{Stream, StreamExt};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use tokio::net::TcpStream;

use crate::server::Server;

type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

/// One connection.
pub struct Client {
    sender: SendRequest<Body>,
    host: String,
    key: [u8; 32],
}

impl Client {
    /// Connects, over TLS or not.
    pub async fn connect(server: &Server, tls: bool) -> Self {
        let port = if tls { server.tls } else { server.plain };
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let sender = if tls {
            let stream = connector(server).connect("localhost".try_into().unwrap(), tcp).await.unwrap();
            start(stream).await
        } else {
            start(tcp).await
        };
        Self { sender, host: format!("localhost:{port}"), key: [7; 32] }
    }

    /// Sends a request whose body is not signed, and reads the answer away. Returns the bytes that came.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        sse_c: bool,
        body: Body,
        length: u64,
    ) -> (StatusCode, u64) {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", self.host.parse().unwrap());
        if sse_c {
            let prefix = "x-amz-server-side-encryption-customer";
            let name = |suffix: &str| http::HeaderName::try_from(format!("{prefix}-{suffix}")).unwrap();
            headers.insert(name("algorithm"), "AES256".parse().unwrap());
            headers.insert(name("key"), STANDARD.encode(self.key).parse().unwrap());
            headers.insert(name("key-md5"), STANDARD.encode(Md5::digest(self.key)).parse().unwrap());
        }
        let now = Timestamp::now().seconds_floor();
        let signer = Signer { access_key: "BENCHACCESS", secret: "bench-secret", region: "us-east-1", now };
        signer.sign(method.as_str(), path, "", &mut headers, "UNSIGNED-PAYLOAD").unwrap();
        headers.insert("content-length", length.to_string().parse().unwrap());
        let mut request = Request::builder().method(method).uri(path).body(body).unwrap();
        *request.headers_mut() = headers;
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status();
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.unwrap().data_ref().map_or(0, Bytes::len) as u64;
        }
        (status, bytes)
    }
}

async fn start<S>(stream: S) -> SendRequest<Body>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    sender
}

fn connector(server: &Server) -> tokio_rustls::TlsConnector {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let mut roots = rustls::RootCertStore::empty();
    for cert in CertificateDer::pem_file_iter(server.ca()).unwrap() {
        roots.add(cert.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

/// An empty body.
pub fn empty() -> Body {
    http_body_util::Empty::new().boxed()
}

/// A body of one buffer.
pub fn full(bytes: Bytes) -> Body {
    http_body_util::Full::new(bytes).boxed()
}

/// A body of `length` bytes, in blocks of 256 KiB that share one buffer.
pub fn long(length: u64) -> Body {
    stream(blocks(length))
}

fn blocks(length: u64) -> impl Stream<Item = Bytes> + Send + Sync + 'static {
    const BLOCK: u64 = 256 << 10;
    let block = Bytes::from((0..BLOCK as usize).map(|i| (i * 31 % 251) as u8).collect::<Vec<_>>());
    futures_util::stream::iter((0..length.div_ceil(BLOCK)).map(move |i| {
        let take = BLOCK.min(length - i * BLOCK) as usize;
        block.slice(..take)
    }))
}

/// A body from a stream.
pub fn stream(blocks: impl Stream<Item = Bytes> + Send + Sync + 'static) -> Body {
    BodyExt::boxed(StreamBody::new(blocks.map(|block| Ok(Frame::data(block)))))
}
