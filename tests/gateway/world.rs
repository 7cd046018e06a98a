//! A gateway on a new folder, and helpers for tests.

use std::sync::Arc;

use bytes::Bytes;
use cardea::encryption::KeyRing;
use cardea::http::body::Body;
use cardea::identity::{AccessKeyEntry, AuthConfig, Authenticator, Identity, Secret};
use cardea::model::{AccountId, BucketName, ObjectKey, ObjectMetadata, Timestamp, UserId, WriterId};
use cardea::ops::{
    BucketAddress, Caller, CreateBucket, CustomerKey, Error, Face, Gateway, GetObject, IndexDirectory,
    Keyless, Limits, Metrics, OpenObject, Precondition, PutObject, PutOutcome, WriteEncryption,
};
use cardea::storage::blobs::{BlobOptions, BlobStore};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};
use cardea::storage::pins::Pins;
use futures_util::StreamExt;

/// A gateway and its folder.
pub struct World {
    pub gateway: Gateway,
    pub dir: tempfile::TempDir,
    pub index: Arc<dyn Index>,
    pub blobs: BlobStore,
    pub pins: Pins,
    ring: KeyRing,
    identity: Identity,
}

/// The bucket that all tests use.
pub fn bucket() -> BucketAddress {
    BucketAddress::Owned(AccountId::new("account"), BucketName::new("bucket").unwrap())
}

/// The customer key of a seed.
pub fn key(seed: u8) -> CustomerKey {
    CustomerKey::new([seed; 32])
}

impl World {
    /// A new world with a bucket.
    pub async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    /// A new world with other limits.
    pub async fn with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&dir.path().join("index.db")).unwrap());
        let url = format!("file://{}", dir.path().join("blobs").display());
        let blobs = BlobStore::open(&url, &BlobOptions::default()).unwrap();
        let writer = WriterId::random();
        index.heartbeat(writer).await.unwrap();
        let id = AccountId::new("account");
        let ring = KeyRing::generate();
        let identity = user_of(&index, &ring, &id, "admin").await;
        let metrics = Arc::new(Metrics::default());
        let (pins, shared) = (Pins::default(), (index.clone(), blobs.clone()));
        let gateway = Gateway::new(shared.0, shared.1, ring.clone(), pins.clone(), writer, limits, metrics);
        let create = CreateBucket {
            account: id,
            name: BucketName::new("bucket").unwrap(),
            face: Face::Swift,
            metadata: Default::default(),
            settings: Default::default(),
        };
        let world = Self { gateway, dir, index, blobs, pins, ring, identity };
        world.gateway.execute(&world.caller(true), create).await.unwrap();
        world
    }

    /// Another gateway over the same index and store, with empty caches.
    pub fn another_gateway(&self) -> Gateway {
        let (index, blobs, pins) = (self.index.clone(), self.blobs.clone(), self.pins.clone());
        let metrics = Arc::new(Metrics::default());
        Gateway::new(index, blobs, self.ring.clone(), pins, WriterId::random(), Limits::default(), metrics)
    }

    /// The owner of the bucket, over TLS or not.
    pub fn caller(&self, secure: bool) -> Caller {
        Caller {
            identity: Some(self.identity.clone()),
            secure,
            expected_owner: None,
            request_id: "tx-test".into(),
        }
    }

    /// A user with this role in another account, which is created.
    pub async fn caller_of(&self, account: &str, role: &str) -> Caller {
        let identity = user_of(&self.index, &self.ring, &AccountId::new(account), role).await;
        Caller { identity: Some(identity), ..self.caller(true) }
    }

    pub async fn put(
        &self,
        name: &str,
        data: &[u8],
        encryption: WriteEncryption,
    ) -> Result<PutOutcome, Error> {
        self.put_with(name, Body::from_bytes(Bytes::copy_from_slice(data)), encryption, Precondition::None)
            .await
    }

    /// Writes an object from any body.
    pub async fn put_with(
        &self,
        name: &str,
        body: Body,
        encryption: WriteEncryption,
        precondition: Precondition,
    ) -> Result<PutOutcome, Error> {
        let put = PutObject {
            bucket: bucket(),
            key: ObjectKey::new(name).unwrap(),
            body,
            encryption,
            metadata: ObjectMetadata::default(),
            expected_md5: None,
            wants_md5: false,
            checksums: vec![],
            precondition,
        };
        self.gateway.execute(&self.caller(true), put).await
    }

    pub async fn get(&self, name: &str, customer_key: Option<CustomerKey>) -> Result<OpenObject, Error> {
        self.gateway.execute(&self.caller(true), read(name, customer_key)).await
    }

    /// Reads the bytes of an object in a range.
    pub async fn bytes(
        &self,
        name: &str,
        customer_key: Option<CustomerKey>,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<u8>, Error> {
        let reader = self.get(name, customer_key).await?.reader.unwrap();
        let body = reader.open(range).await?;
        collect(body).await
    }

    /// Every blob file in the store.
    pub fn blob_files(&self) -> Vec<std::path::PathBuf> {
        fn walk(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.file_name().is_some_and(|name| name != "cardea.json") {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir.path().join("blobs"), &mut found);
        found
    }
}

/// A GET as the S3 face makes it.
pub fn read(name: &str, customer_key: Option<CustomerKey>) -> GetObject {
    GetObject {
        bucket: bucket(),
        key: ObjectKey::new(name).unwrap(),
        version: None,
        customer_key,
        keyless: Keyless::Refuse,
        conditions: Default::default(),
        face: Face::S3,
        head: false,
        part: None,
    }
}

/// Reads a body to its end.
pub async fn collect(body: Body) -> Result<Vec<u8>, Error> {
    let mut stream = body.stream;
    let mut bytes = Vec::new();
    while let Some(frame) = stream.next().await {
        bytes.extend_from_slice(&frame?);
    }
    assert_eq!(body.length, Some(bytes.len() as u64), "the declared length");
    Ok(bytes)
}

/// Bytes that differ from position to position.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// Creates an account, and a user with a role in it. Finds the user by its access key, as a front does.
async fn user_of(index: &Arc<dyn Index>, ring: &KeyRing, account: &AccountId, role: &str) -> Identity {
    let record = AccountRecord {
        id: account.clone(),
        name: account.to_string(),
        domain: "default".into(),
        display_name: account.to_string(),
        email: None,
        created: Timestamp::now(),
        metadata: Default::default(),
    };
    index.put_account(record).await.unwrap();
    let user =
        UserId::new(if account.as_str() == "account" { "user".into() } else { format!("user-{account}") });
    let record = UserRecord {
        id: user.clone(),
        name: user.to_string(),
        domain: "default".into(),
        tempauth: None,
        password_hash: None,
        epoch: 0,
        enabled: true,
    };
    let role = RoleGrant { account: account.clone(), role: role.into() };
    index.put_user(record, vec![role]).await.unwrap();
    let directory = IndexDirectory::new(index.clone(), ring.clone());
    let key = AccessKeyEntry { user, account: account.clone(), secret: Secret::new("secret"), enabled: true };
    let access = format!("ACCESS-{account}");
    directory.put_access_key(&access, &key).await.unwrap();
    let authenticator = Authenticator::new(Arc::new(directory), AuthConfig::default()).unwrap();
    authenticator.access_key(&access).await.unwrap().unwrap().identity.clone()
}
