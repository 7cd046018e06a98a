//! The metadata and ETags of copies, and copies of objects of many blobs.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::encryption::{CustomerKey, Holder, KeyRing};
use crate::http::body::Body;
use crate::http::conditions::ReadConditions;
use crate::identity::{AccessKeyEntry, AuthConfig, Authenticator, Identity, Secret};
use crate::model::{AccountId, BucketName, UserId, WriterId};
use crate::ops::bucket::create::CreateBucket;
use crate::ops::bytes::opening::Keyless;
use crate::ops::engine::caller::Caller;
use crate::ops::engine::limits::Limits;
use crate::ops::engine::metrics::Metrics;
use crate::ops::identity::directory::IndexDirectory;
use crate::ops::object::get::GetObject;
use crate::ops::object::put::PutObject;
use crate::storage::blobs::{BlobOptions, BlobStore};
use crate::storage::index::sqlite::SqliteIndex;
use crate::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};
use crate::storage::pins::Pins;

fn metadata(user: &[(&str, &str)], content_type: Option<&str>) -> ObjectMetadata {
    let user = user.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let system = SystemMetadata {
        content_type: content_type.map(str::to_owned),
        website_redirect: Some("/there".into()),
        object_manifest: Some("c/p".into()),
        ..SystemMetadata::default()
    };
    ObjectMetadata { user, system }
}

#[test]
fn copied_metadata_is_kept_replaced_or_merged() {
    let source = metadata(&[("a", "1"), ("b", "1")], Some("text/plain"));
    let copied = |how: &CopyMetadata| how.of_copy(source.clone()).unwrap();
    let kept = copied(&CopyMetadata::Keep { website_redirect: None });
    assert_eq!((kept.user, kept.system.website_redirect), (source.user.clone(), None));
    assert_eq!(kept.system.content_type.as_deref(), Some("text/plain"));
    assert_eq!(kept.system.object_manifest, None);
    let replaced = copied(&CopyMetadata::Replace(ObjectMetadata::default()));
    assert_eq!(replaced, ObjectMetadata::default());

    let mut over = metadata(&[("b", "2"), ("c", "2")], None);
    over.system.website_redirect = None;
    let merge = |fresh| CopyMetadata::Merge { over: over.clone(), fresh, within: |user| user.len() < 4 };
    let merged = copied(&merge(false));
    let expected = [("a", "1"), ("b", "2"), ("c", "2")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(merged.user, expected.into());
    assert_eq!(merged.system.content_type.as_deref(), Some("text/plain"));
    let fresh = copied(&merge(true));
    assert_eq!(fresh.user, over.user);
    assert_eq!(fresh.system.content_type.as_deref(), Some("text/plain"));
    assert_eq!(fresh.system.website_redirect, None);
    let full = metadata(&[("x", "1"), ("y", "1")], None);
    assert!(matches!(merge(false).of_copy(full), Err(Error::TooMuchMetadata)));
}

#[test]
fn an_etag_looks_like_an_md5_only_where_it_is_one() {
    let known = Digests { md5: Some([0xab; 16]), ..Digests::default() };
    assert_eq!(etag(EncryptionMode::Managed, &known), "ab".repeat(16));
    assert_eq!(etag(EncryptionMode::Managed, &Digests::default()).len(), 34);
    assert_ne!(etag(EncryptionMode::Customer, &known), "ab".repeat(16));
    assert_eq!(etag(EncryptionMode::Customer, &known).len(), 32);
}

/// Bytes of each blob: more than the index itself stores.
const PIECE: usize = 20_000;
const PIECES: u8 = 40;

struct World {
    gateway: Gateway,
    caller: Caller,
    blobs: BlobStore,
    _dir: tempfile::TempDir,
}

fn bucket() -> BucketAddress {
    BucketAddress::Owned(AccountId::new("account"), BucketName::new("bucket").unwrap())
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

fn customer_key(seed: u8) -> CustomerKey {
    CustomerKey::new([seed; 32])
}

fn source(name: &str, customer_key: Option<CustomerKey>, face: Face) -> CopySource {
    let conditions = ReadConditions::default();
    CopySource { bucket: bucket(), key: key(name), version: None, customer_key, conditions, face }
}

fn copy(source: CopySource, to: &str, encryption: WriteEncryption) -> CopyObject {
    CopyObject {
        source,
        range: None,
        bucket: bucket(),
        key: key(to),
        encryption,
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: true,
    }
}

impl World {
    async fn new(max_put: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&dir.path().join("index.db")).unwrap());
        let url = format!("file://{}", dir.path().join("blobs").display());
        let blobs = BlobStore::open(&url, &BlobOptions::default()).unwrap();
        let (writer, ring) = (WriterId::random(), KeyRing::generate());
        index.heartbeat(writer).await.unwrap();
        let identity = owner(&index, &ring).await;
        let limits = Limits { max_put, ..Limits::default() };
        let metrics = Arc::new(Metrics::default());
        let gateway = Gateway::new(index, blobs.clone(), ring, Pins::default(), writer, limits, metrics);
        let caller =
            Caller { identity: Some(identity), secure: true, expected_owner: None, request_id: "tx".into() };
        let create = CreateBucket {
            account: AccountId::new("account"),
            name: BucketName::new("bucket").unwrap(),
            face: Face::Swift,
            metadata: [].into(),
            settings: [].into(),
        };
        gateway.execute(&caller, create).await.unwrap();
        Self { gateway, caller, blobs, _dir: dir }
    }

    /// Writes an SSE-C object of many blobs, as a multipart upload does, and returns its bytes.
    async fn compose(&self, name: &str, seed: u8) -> Vec<u8> {
        let mut whole = Vec::new();
        for n in 0..PIECES {
            let data = vec![n; PIECE];
            let put = PutObject {
                bucket: bucket(),
                key: key(&format!("piece-{n}")),
                body: Body::from_bytes(Bytes::from(data.clone())),
                encryption: WriteEncryption::Managed,
                metadata: ObjectMetadata::default(),
                expected_md5: None,
                wants_md5: false,
                checksums: vec![],
                precondition: Precondition::None,
            };
            self.gateway.execute(&self.caller, put).await.unwrap();
            whole.extend(data);
        }
        self.gateway.execute(&self.caller, Compose { key: key(name), seed }).await.unwrap();
        whole
    }

    async fn read(&self, name: &str, customer_key: Option<CustomerKey>) -> Vec<u8> {
        let get = GetObject {
            bucket: bucket(),
            key: key(name),
            version: None,
            customer_key,
            conditions: ReadConditions::default(),
            keyless: Keyless::Refuse,
            face: Face::S3,
            head: false,
            part: None,
        };
        let opened = self.gateway.execute(&self.caller, get).await.unwrap();
        let mut stream = opened.reader.unwrap().open(0..opened.info.size).await.unwrap().stream;
        let mut bytes = Vec::new();
        while let Some(frame) = stream.next().await {
            bytes.extend_from_slice(&frame.unwrap());
        }
        bytes
    }

    fn requests(&self) -> (u64, u64) {
        (self.blobs.counts().gets(), self.blobs.counts().puts())
    }
}

/// Makes one object of all pieces.
struct Compose {
    key: ObjectKey,
    seed: u8,
}

impl Operation for Compose {
    type Output = ();
    const NAME: &'static str = "Compose";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(bucket())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(), Error> {
        let (mut content, mut pins) = (Content::default(), Vec::new());
        for n in 0..PIECES {
            let opened = source(&format!("piece-{n}"), None, Face::S3).open(gateway, &permit).await?;
            content.append(opened.content);
            pins.push(opened.pin);
        }
        let (bucket, uid, mode) = (permit.bucket()?, VersionUid::random(), EncryptionMode::Customer);
        let key = customer_key(self.seed);
        let seals = VersionSeals::generate(gateway, Holder::Customer(&key), bucket, uid);
        let (size, parts) = (content.size(), content.references(&seals)?);
        let binding = OwnedBinding::new(bucket, &self.key, uid, mode, size, &parts, None);
        let publish = Publish {
            writer: gateway.writer,
            bucket: bucket.id,
            key: self.key,
            version: NewVersion {
                uid,
                size,
                mode,
                etag: "0123456789abcdef0123456789abcdef-40".into(),
                part_count: Some(u32::from(PIECES)),
                digests: seals.digests(mode, &Digests::default())?,
                metadata: ObjectMetadata::default(),
                parts,
                manifest: None,
            },
            new_blobs: vec![],
            precondition: Precondition::None,
            unchanged: vec![],
            rewraps: vec![],
            seal: seals.into_outer(gateway, binding),
        };
        gateway.index.publish(publish).await?;
        Ok(())
    }
}

async fn owner(index: &Arc<dyn Index>, ring: &KeyRing) -> Identity {
    let (user, account) = (UserId::new("user"), AccountId::new("account"));
    let record = AccountRecord {
        id: account.clone(),
        name: "account".into(),
        domain: "default".into(),
        display_name: "account".into(),
        email: None,
        created: Timestamp::now(),
        metadata: [].into(),
    };
    index.put_account(record).await.unwrap();
    let record = UserRecord {
        id: user.clone(),
        name: "user".into(),
        domain: "default".into(),
        tempauth: None,
        password_hash: None,
        epoch: 0,
        enabled: true,
    };
    let role = RoleGrant { account: account.clone(), role: "admin".into() };
    index.put_user(record, vec![role]).await.unwrap();
    let directory = IndexDirectory::new(index.clone(), ring.clone());
    let key = AccessKeyEntry { user, account, secret: Secret::new("secret"), enabled: true };
    directory.put_access_key("ACCESS", &key).await.unwrap();
    let authenticator = Authenticator::new(Arc::new(directory), AuthConfig::default()).unwrap();
    authenticator.access_key("ACCESS").await.unwrap().unwrap().identity.clone()
}

#[tokio::test]
async fn an_object_of_many_blobs_is_copied_without_a_store_request() {
    let world = World::new(MAX_PUT).await;
    let data = world.compose("many", 1).await;
    let before = world.requests();
    let one = || Some(customer_key(1));
    let copies = [
        copy(source("many", one(), Face::S3), "plain", WriteEncryption::Managed),
        copy(source("many", one(), Face::S3), "keyed", WriteEncryption::Customer(customer_key(2))),
        copy(source("many", one(), Face::S3), "many", WriteEncryption::Customer(customer_key(3))),
        // A range that begins and ends inside blobs.
        CopyObject {
            range: Some(RangeSpec::FromTo(PIECE as u64 / 2, Some(5 * PIECE as u64))),
            ..copy(source("plain", None, Face::Swift), "range", WriteEncryption::Managed)
        },
    ];
    for copy in copies {
        world.gateway.execute(&world.caller, copy).await.unwrap();
    }
    assert_eq!(world.requests(), before, "not one request to the store");
    assert_eq!(world.read("plain", None).await, data);
    assert_eq!(world.read("keyed", Some(customer_key(2))).await, data);
    assert_eq!(world.read("many", Some(customer_key(3))).await, data);
    assert_eq!(world.read("range", None).await, data[PIECE / 2..=5 * PIECE]);
}

#[tokio::test]
async fn a_swift_copy_is_no_larger_than_a_put() {
    let world = World::new(PIECE as u64).await;
    world.compose("many", 1).await;
    let one = || Some(customer_key(1));
    let swift = || copy(source("many", one(), Face::Swift), "copy", WriteEncryption::Managed);
    let refused = world.gateway.execute(&world.caller, swift()).await;
    assert!(matches!(refused, Err(Error::SourceTooLarge { limit }) if limit == PIECE as u64));
    let fits = CopyObject { range: Some(RangeSpec::Suffix(PIECE as u64)), ..swift() };
    world.gateway.execute(&world.caller, fits).await.unwrap();
    let s3 = copy(source("many", one(), Face::S3), "copy", WriteEncryption::Managed);
    world.gateway.execute(&world.caller, s3).await.unwrap();
}
