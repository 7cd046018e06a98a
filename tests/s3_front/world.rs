//! An S3 face on a fresh folder, and a client that signs.

use std::sync::Arc;

use bytes::Bytes;
use cardea::encryption::KeyRing;
use cardea::http::RequestContext;
use cardea::http::body::{Body, BodyError, read_limited};
use cardea::http::secret_headers::SecretHeaders;
use cardea::identity::{AccessKeyEntry, AuthConfig, Authenticator, Secret};
use cardea::model::{AccountId, Timestamp, UserId, WriterId};
use cardea::ops::{Gateway, IndexDirectory, Limits, Metrics};
use cardea::s3::testing::{ChunkSigner, Signer};
use cardea::s3::{Front, S3Config};
use cardea::storage::blobs::{BlobOptions, BlobStore};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};
use cardea::storage::pins::Pins;
use futures_util::TryStreamExt;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, RequestParts};

pub const HOST: &str = "localhost:8443";
pub const REGION: &str = "eu-central-1";

/// The face and the folder it lives in.
pub struct World {
    front: Front,
    _dir: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone)]
pub struct Call {
    method: &'static str,
    uri: String,
    host: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    payload: String,
    access_key: Option<String>,
    secret: String,
    secure: bool,
    late_headers: Vec<(String, String)>,
    length: Option<u64>,
    framing: Option<fn(ChunkSigner) -> Bytes>,
}

pub fn call(method: &'static str, uri: impl Into<String>) -> Call {
    Call {
        method,
        uri: uri.into(),
        host: HOST.into(),
        headers: Vec::new(),
        body: Bytes::new(),
        payload: "UNSIGNED-PAYLOAD".into(),
        access_key: Some("alice".into()),
        secret: "secret".into(),
        secure: true,
        late_headers: Vec::new(),
        length: Some(0),
        framing: None,
    }
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn headers(mut self, headers: &[(&str, &str)]) -> Self {
        self.headers.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        self
    }

    /// A header that somebody adds after the signature.
    pub fn late_header(mut self, name: &str, value: &str) -> Self {
        self.late_headers.push((name.into(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.length = Some(self.body.len() as u64);
        self
    }

    /// A framed body: made once the request's signature is known.
    pub fn framed(mut self, payload: &str, decoded: usize, frame: fn(ChunkSigner) -> Bytes) -> Self {
        self.framing = Some(frame);
        self.length = None;
        self.payload(payload).header("x-amz-decoded-content-length", &decoded.to_string())
    }

    pub fn payload(mut self, payload: &str) -> Self {
        self.payload = payload.into();
        self
    }

    pub fn no_length(mut self) -> Self {
        self.length = None;
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    pub fn anonymous(mut self) -> Self {
        self.access_key = None;
        self
    }

    pub fn signed_by(mut self, access_key: &str, secret: &str) -> Self {
        self.access_key = Some(access_key.into());
        self.secret = secret.into();
        self
    }

    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The text of the first element of a name.
    pub fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text().split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    /// Status and code.
    pub fn fault(&self) -> (u16, &str) {
        (self.status, self.element("Code").or(self.header("x-amz-error-code")).unwrap_or_default())
    }

    pub fn message(&self) -> &str {
        self.element("Message").or(self.header("x-amz-error-message")).unwrap_or_default()
    }

    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {:?} {}", self.status, self.headers, self.text());
        self
    }
}

impl World {
    /// A fresh face, with a bucket `bucket` of Alice's.
    pub async fn new() -> Self {
        let world = Self::bare().await;
        world.send(call("PUT", "/bucket")).await.ok();
        world
    }

    /// A fresh face, with Alice and Bob in an account each, and Guest, who has no role that permits anything.
    pub async fn bare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&dir.path().join("index.db")).unwrap());
        let url = format!("file://{}", dir.path().join("blobs").display());
        let blobs = BlobStore::open(&url, &BlobOptions::default()).unwrap();
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        let ring = KeyRing::generate();
        let directory = IndexDirectory::new(index.clone(), ring.clone());
        for name in ["alice", "bob", "guest"] {
            person(&index, &directory, name).await;
        }
        let authenticator = Authenticator::new(Arc::new(directory), AuthConfig::default()).unwrap();
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::new(index, blobs, ring, Pins::default(), writer, Limits::default(), metrics);
        let config = S3Config { region: REGION.into(), virtual_hosts: vec!["s3.example.com".into()] };
        Self { front: Front::new(gateway, authenticator, config), _dir: dir }
    }

    pub async fn send(&self, call: Call) -> Answer {
        let uri: Uri = format!("http://x{}", call.uri).parse().unwrap();
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        };
        add("host", &call.host);
        for (name, value) in &call.headers {
            add(name, value);
        }
        let mut body = call.body.clone();
        if let Some(access_key) = &call.access_key {
            let now = Timestamp::now().seconds_floor();
            let signer = Signer { access_key, secret: &call.secret, region: REGION, now };
            let query = uri.query().unwrap_or_default();
            let chunks = signer.sign(call.method, uri.path(), query, &mut headers, &call.payload).unwrap();
            if let Some(frame) = call.framing {
                body = frame(chunks);
            }
        }
        for (name, value) in &call.late_headers {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        if let Some(length) = call.length {
            headers.insert("content-length", length.into());
        }
        self.wire(call.method, uri, headers, body, call.secure, &call.host).await
    }

    /// As the listener does it.
    async fn wire(
        &self,
        method: &str,
        uri: Uri,
        mut headers: HeaderMap,
        body: Bytes,
        secure: bool,
        host: &str,
    ) -> Answer {
        let secrets = SecretHeaders::lift(&mut headers);
        let context = RequestContext {
            id: "tx-test".into(),
            secure,
            peer: ([127, 0, 0, 1], 1).into(),
            host: host.into(),
            scheme_https: secure,
        };
        let uri: Uri = uri.path_and_query().unwrap().as_str().parse().unwrap();
        let (mut parts, ()) =
            poem::http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
        parts.headers = headers;
        parts.extensions.insert(secrets);
        parts.extensions.insert(context);
        let parts = RequestParts::from((
            parts,
            LocalAddr::default(),
            RemoteAddr::default(),
            poem::http::uri::Scheme::HTTP,
        ));
        let request = poem::Request::from_parts(parts, poem::Body::from_bytes(body));
        let response = self.front.call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let stream = body.into_bytes_stream().map_err(BodyError::from);
        let body = read_limited(Body::from_stream(None, stream), 64 << 20).await.unwrap();
        let headers = parts.headers;
        assert_eq!(headers["x-amz-request-id"], "tx-test");
        assert!(headers.contains_key("x-amz-id-2"));
        Answer { status: parts.status.as_u16(), headers, body }
    }

    /// A presigned request: everything in its query.
    pub async fn presigned(
        &self,
        method: &'static str,
        uri: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let mut map = HeaderMap::new();
        map.insert("host", HOST.parse().unwrap());
        for (name, value) in headers {
            map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let now = Timestamp::now().seconds_floor();
        let signer = Signer { access_key: "alice", secret: "secret", region: REGION, now };
        let query = signer.presign(method, path, query, &map, 60);
        map.insert("content-length", (body.len() as u64).into());
        self.wire(method, format!("http://x{path}?{query}").parse().unwrap(), map, body, true, HOST).await
    }
}

async fn person(index: &Arc<dyn Index>, directory: &IndexDirectory, name: &str) {
    let account = AccountId::new(format!("{name}-account"));
    let record = AccountRecord {
        id: account.clone(),
        name: name.into(),
        domain: "default".into(),
        display_name: format!("{name} & co"),
        email: None,
        created: Timestamp::now(),
        metadata: std::collections::BTreeMap::default(),
    };
    index.put_account(record).await.unwrap();
    let user = UserId::new(name);
    let record = UserRecord {
        id: user.clone(),
        name: name.into(),
        domain: "default".into(),
        tempauth: None,
        password_hash: None,
        epoch: 0,
        enabled: true,
    };
    let role = if name == "guest" { "guest" } else { "admin" };
    index.put_user(record, vec![RoleGrant { account: account.clone(), role: role.into() }]).await.unwrap();
    let key = AccessKeyEntry { user, account, secret: Secret::new("secret"), enabled: true };
    directory.put_access_key(name, &key).await.unwrap();
}
