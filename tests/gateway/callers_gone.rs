//! Callers that go away while the index is held: their commands are carried out, and so is what follows a
//! command.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cardea::model::ObjectKey;
use cardea::ops::{
    Action, BucketChange, BucketInfo, Caller, CopyMetadata, CopyObject, CopySource, DeleteBucket, Error,
    Face, Operation, Precondition, UpdateBucket, Versioning, WriteEncryption,
};
use futures_util::FutureExt;
use rusqlite::Connection;

use super::world::{World, bucket, key, read};

/// Starts an operation while another connection holds the index, drops its future, and lets the index go.
async fn drop_while_held<O: Operation>(world: &World, caller: &Caller, operation: O) {
    let held = Connection::open(world.dir.path().join("index.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut running = Box::pin(world.gateway.execute(caller, operation));
    for _ in 0..50 {
        assert!((&mut running).now_or_never().is_none(), "the index is held");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(running);
    // A read meanwhile fills the caches with the old state.
    world.get("object", None).await.unwrap();
    held.execute_batch("ROLLBACK").unwrap();
}

/// Waits until something holds, which the gateway does after its caller has gone.
async fn eventually(mut holds: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..2000 {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_not_stale_after_its_changer_went_away() {
    let world = World::new().await;
    let caller = world.caller(true);
    world.put("object", b"one", WriteEncryption::Managed).await.unwrap();
    let changes = vec![BucketChange::Versioning(Versioning::Enabled)];
    drop_while_held(&world, &caller, UpdateBucket { bucket: bucket(), changes }).await;

    let info = || BucketInfo { bucket: bucket(), action: Action::ListBucket };
    let enabled = async || {
        let view = world.gateway.execute(&caller, info()).await.unwrap();
        view.record.versioning == Versioning::Enabled
    };
    assert!(eventually(enabled).await, "the command was not carried out");
    // The cache is told just after the commit. It would believe the old record for two seconds.
    let mut versioned = false;
    for _ in 0..40 {
        versioned = world.get("object", None).await.unwrap().info.versioned;
        if versioned {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(versioned, "the old record is still believed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_deleted_after_its_deleter_went_away() {
    let world = World::new().await;
    let caller = world.caller(true);
    world.put("object", b"one", WriteEncryption::Managed).await.unwrap();
    let held = Connection::open(world.dir.path().join("index.db")).unwrap();
    let delete = cardea::ops::DeleteObject {
        bucket: bucket(),
        key: ObjectKey::new("object").unwrap(),
        version: None,
        precondition: Precondition::None,
    };
    world.gateway.execute(&caller, delete).await.unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut running = Box::pin(world.gateway.execute(&caller, DeleteBucket { bucket: bucket() }));
    for _ in 0..50 {
        assert!((&mut running).now_or_never().is_none(), "the index is held");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(running);
    held.execute_batch("ROLLBACK").unwrap();
    let gone = async || {
        matches!(world.gateway.execute(&caller, read("object", None)).await, Err(Error::NoSuchBucket))
    };
    assert!(eventually(gone).await, "the bucket is still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_key_is_audited_after_its_copier_went_away() {
    let log = audit_log();
    let world = World::new().await;
    world.put("sealed", b"secret", WriteEncryption::Customer(key(1))).await.unwrap();
    world.put("object", b"open", WriteEncryption::Managed).await.unwrap();
    let copy = |name: &str| CopyObject {
        source: CopySource {
            bucket: bucket(),
            key: ObjectKey::new("sealed").unwrap(),
            version: None,
            customer_key: Some(key(1)),
            conditions: Default::default(),
            face: Face::S3,
        },
        range: None,
        bucket: bucket(),
        key: ObjectKey::new(name).unwrap(),
        encryption: WriteEncryption::Managed,
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: true,
    };
    let stays = Caller { request_id: "tx-stays".into(), ..world.caller(true) };
    world.gateway.execute(&stays, copy("first")).await.unwrap();
    let is_audited = |request: &str| {
        log.lines().iter().any(|line| line.contains(request) && line.contains("customer-key-removed"))
    };
    assert!(is_audited("tx-stays"), "{:?}", log.lines());

    let leaves = Caller { request_id: "tx-leaves".into(), ..world.caller(true) };
    drop_while_held(&world, &leaves, copy("second")).await;
    assert!(
        eventually(async || world.get("second", None).await.is_ok()).await,
        "the copy was not carried out"
    );
    assert!(eventually(async || is_audited("tx-leaves")).await, "{:?}", log.lines());
}

/// What the audit log of this process says.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn audit_log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let begin = || {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_env_filter("cardea::audit=info").with_ansi(false);
        lines.with_writer(move || writer.clone()).init();
        log
    };
    LOG.get_or_init(begin).clone()
}
