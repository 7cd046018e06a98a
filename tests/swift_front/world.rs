//! A front on a fresh folder, and short words for what tests do with it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cardea::encryption::KeyRing;
use cardea::http::context::RequestContext;
use cardea::http::secret_headers::SecretHeaders;
use cardea::identity::{
    AuthConfig, Authenticator, PasswordLogin, Scope, Secret, UserSelector, hash_password,
};
use cardea::model::{AccountId, Timestamp, UserId, WriterId};
use cardea::ops::{Gateway, IndexDirectory, Limits, Metrics};
use cardea::storage::blobs::{BlobOptions, BlobStore};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};
use cardea::storage::pins::Pins;
use cardea::swift::{Front, SwiftConfig};
use futures_util::StreamExt;
use poem::{Body, Endpoint, Request};

use super::specification;

pub struct World {
    front: Front,
    pub token: String,
    authenticator: Authenticator,
    _dir: tempfile::TempDir,
}

pub struct Answer {
    pub status: u16,
    pub headers: poem::http::HeaderMap,
    pub body: Vec<u8>,
}

pub const KEY: &str = "x-object-meta-encryption-key";
pub const GOOD: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";
pub const OTHER: &str = "KysrKysrKysrKysrKysrKysrKysrKysrKysrKysrKys=";

/// Hashing is slow by design: once for all tests.
static PASSWORD: OnceLock<String> = OnceLock::new();

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&dir.path().join("index.db")).unwrap());
        let url = format!("file://{}", dir.path().join("blobs").display());
        let blobs = BlobStore::open(&url, &BlobOptions::default()).unwrap();
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        for id in ["acct", "other"] {
            let account = AccountRecord {
                id: AccountId::new(id),
                name: id.into(),
                domain: "default".into(),
                display_name: id.into(),
                email: None,
                created: Timestamp::now(),
                metadata: std::collections::BTreeMap::new(),
            };
            index.put_account(account).await.unwrap();
        }
        let ring = KeyRing::generate();
        for (user, account, role) in [
            ("tester", "acct", "admin"),
            ("tester3", "acct", "reader"),
            ("stranger", "other", "admin"),
            ("reseller", "other", "ResellerAdmin"),
        ] {
            let record = UserRecord {
                id: UserId::new(user),
                name: user.into(),
                domain: "default".into(),
                tempauth: Some(format!("test:{user}")),
                password_hash: Some(PASSWORD.get_or_init(|| hash_password("testing").unwrap()).clone()),
                epoch: 0,
                enabled: true,
            };
            let role = RoleGrant { account: AccountId::new(account), role: role.into() };
            index.put_user(record, vec![role]).await.unwrap();
        }
        let directory = IndexDirectory::new(index.clone(), ring.clone());
        let authenticator = Authenticator::new(Arc::new(directory), AuthConfig::default()).unwrap();
        let token = login(&authenticator, "tester").await;
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::new(index, blobs, ring, Pins::default(), writer, Limits::default(), metrics);
        let front = Front::new(gateway, authenticator.clone(), SwiftConfig::default());
        Self { front, token, authenticator, _dir: dir }
    }

    pub async fn with_container() -> Self {
        let world = Self::new().await;
        assert_eq!(world.ask("PUT", "/c", &[], b"").await.status, 201);
        world
    }

    /// The token of a user without rights.
    pub async fn plain_token(&self) -> String {
        login(&self.authenticator, "tester3").await
    }

    /// The token of the owner of another account.
    pub async fn stranger_token(&self) -> String {
        login(&self.authenticator, "stranger").await
    }

    /// The token of a user who may do everything in every account.
    pub async fn reseller_token(&self) -> String {
        login(&self.authenticator, "reseller").await
    }

    /// A request below the account, with the owner's token, over TLS.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut all = vec![("x-auth-token", self.token.as_str())];
        all.extend(headers);
        self.send(method, &format!("/v1/AUTH_acct{path}"), &all, body, true).await
    }

    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        secure: bool,
    ) -> Answer {
        let length = body.len().to_string();
        let mut headers = headers.to_vec();
        if !headers.iter().any(|(name, _)| ["content-length", "transfer-encoding"].contains(name)) {
            headers.push(("content-length", &length));
        }
        let body = Body::from_bytes(Bytes::copy_from_slice(body));
        self.send_body(method, target, &headers, body, secure).await
    }

    /// A request with any body, and with no other headers than these.
    pub async fn send_body(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Body,
        secure: bool,
    ) -> Answer {
        let mut request = poem::http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, poem::http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (local, remote) = (poem::web::LocalAddr::default(), poem::web::RemoteAddr::default());
        let head = (parts, local, remote, poem::http::uri::Scheme::HTTPS);
        let mut request = Request::from_parts(head.into(), body);
        let secrets = SecretHeaders::lift(request.headers_mut());
        request.set_data(secrets);
        request.set_data(RequestContext {
            id: "tx0123456789abcdef01234-00691fb4f0".into(),
            secure,
            peer: ([127, 0, 0, 1], 1).into(),
            host: "localhost".into(),
            scheme_https: secure,
        });
        let response = self.front.get_response(request).await;
        let (parts, body) = response.into_parts();
        let mut stream = Box::pin(body.into_bytes_stream());
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body: bytes };
        assert_eq!(answer.header("x-trans-id"), answer.header("x-openstack-request-id"));
        assert!(answer.header("x-trans-id").unwrap().starts_with("tx"));
        if answer.status == 202 && answer.header("content-length").is_none() {
            assert!(target.contains("heartbeat"));
        } else if method == "HEAD" || answer.status == 304 {
            assert!(answer.body.is_empty());
        } else {
            let length: usize = answer.header("content-length").expect("a length").parse().unwrap();
            assert_eq!(length, answer.body.len(), "{}", answer.text());
        }
        specification::check(method, target, answer.status);
        answer
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| std::str::from_utf8(value.as_bytes()).unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn login(authenticator: &Authenticator, user: &str) -> String {
    let login = PasswordLogin {
        user: UserSelector::TempAuth(format!("test:{user}")),
        password: Secret::new("testing"),
        scope: Scope::Unscoped,
    };
    let login = authenticator.password(login).await.unwrap();
    authenticator.issue(&login).await.unwrap().token
}
