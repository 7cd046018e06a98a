//! The database goes away: before a commit, in it, for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cardea::model::WriterId;
use cardea::storage::Error;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};
use cardea::storage::index::{Buckets, Installation, Silence, Writers};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::database::{Schema, base, connect};
use super::proxy::{Fault, Proxy};
use crate::storage::index::world::World;

/// The timeout of the commands in these tests.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A schema, and a connection to it that can be disturbed.
struct Disturbed {
    schema: Schema,
    proxy: Proxy,
    index: Arc<PostgresIndex>,
    world: World,
}

impl Disturbed {
    async fn new() -> Self {
        Self::with_timeout(TIMEOUT).await
    }

    async fn with_timeout(timeout: Duration) -> Self {
        let schema = Schema::new().await;
        // The schema is made without this short timeout, which is for the commands.
        drop(schema.open().await);
        let proxy = Proxy::before(&schema.url).await;
        let options = PostgresOptions { url: proxy.url(&schema.url), timeout, ..schema.options() };
        let index = Arc::new(PostgresIndex::open(&options).await.unwrap());
        let world = World::new(index.clone()).await;
        Self { schema, proxy, index, world }
    }

    async fn sql(&self, sql: &str) {
        connect(&self.schema.url).await.batch_execute(sql).await.unwrap();
    }

    async fn end(self) {
        self.world.exact().await;
        self.schema.drop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_get_there_is_made_again() {
    let it = Disturbed::new().await;
    it.proxy.disturb(Fault::Before);
    it.world.published("k").await;
    assert_eq!((it.proxy.met(), it.world.usage().await), (1, (1, 3)));
    assert_eq!(it.index.activity().retries, 1);
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_counts_once() {
    let it = Disturbed::new().await;
    it.proxy.disturb(Fault::After(Arc::new(Semaphore::new(1))));
    let version = it.world.published("k").await;
    assert_eq!((it.proxy.met(), it.world.usage().await), (1, (1, 3)));
    assert_eq!(it.world.current("k").await.version_id, version);
    assert_eq!(it.index.activity().retries, 0, "it is not run again");
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_a_database_that_crashed_is_not_believed() {
    let it = Disturbed::new().await;
    let release = Arc::new(Semaphore::new(0));
    it.proxy.disturb(Fault::After(release.clone()));
    let world = it.world.clone();
    let publish = tokio::spawn(async move { world.publish(world.put("k")).await });
    while it.proxy.met() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The state of the table after a crash.
    it.sql("TRUNCATE incarnation").await;
    release.add_permits(1);
    let outcome = publish.await.unwrap();
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    it.world.published("other").await;
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_without_an_answer_do_not_pile_up_connections() {
    let it = Disturbed::with_timeout(Duration::from_secs(2)).await;
    it.world.published("before").await;
    let release = Arc::new(Semaphore::new(0));
    (0..100).for_each(|_| it.proxy.disturb(Fault::After(release.clone())));
    for round in 0..4 {
        let puts = (0..10).map(|n| it.world.publish(it.world.put(&format!("{round}/{n}"))));
        for outcome in join_all(puts).await {
            assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
        }
        assert!(matches!(it.index.check().await, Err(Error::Unavailable(_))));
        it.world.current("before").await;
    }
    assert!(it.proxy.ports().len() <= it.schema.options().connections, "{:?}", it.proxy.ports());
    it.proxy.calm();
    release.add_permits(100);
    it.index.check().await.unwrap();
    it.world.published("after").await;
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_are_seen_by_nobody() {
    let it = Disturbed::with_timeout(Duration::from_secs(20)).await;
    let killer = connect(&base()).await;
    let done = Arc::new(AtomicU64::new(0));
    let writers = (0..4).map(|task| {
        let (world, done) = (it.world.clone(), done.clone());
        tokio::spawn(async move {
            for round in 0..40 {
                let key = format!("{task}/{round}");
                let version = world.published(&key).await;
                assert_eq!(world.current(&key).await.version_id, version);
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let is_over = || writers.iter().all(tokio::task::JoinHandle::is_finished);
    let mut ended = 0;
    while !is_over() {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM (
                       SELECT pid FROM pg_stat_activity WHERE client_port = ANY($1) ORDER BY random() LIMIT 2) t";
        ended += killer.query_one(sql, &[&it.proxy.ports()]).await.unwrap().get::<_, i64>(0);
        // However slow the machine is, some come through between two kills.
        let enough = done.load(Ordering::Relaxed) + 8;
        while done.load(Ordering::Relaxed) < enough && !is_over() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(ended > 4, "{ended}");
    // Use each connection once by a command that is retried: the audit would fail on a connection that was
    // ended last.
    for _ in 0..it.schema.options().connections {
        it.world.current("0/0").await;
    }
    assert_eq!(it.world.usage().await, (160, 480));
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_said_to_be_in_time_and_comes_back() {
    let it = Disturbed::new().await;
    it.world.published("before").await;
    it.proxy.set_open(false);
    let (read, written, beat, ready) = tokio::join!(
        it.world.find("before", None),
        it.world.publish(it.world.put("during")),
        it.index.heartbeat(it.world.writer),
        it.index.check(),
    );
    for outcome in [read.err(), written.err(), beat.err(), ready.err()] {
        assert!(matches!(outcome, Some(Error::Unavailable(_))), "{outcome:?}");
    }
    it.proxy.set_open(true);
    it.index.check().await.unwrap();
    it.index.heartbeat(it.world.writer).await.unwrap();
    it.world.published("after").await;
    assert_eq!(it.world.usage().await, (2, 6));
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_absence_is_seen_by_nobody() {
    let it = Disturbed::with_timeout(Duration::from_secs(20)).await;
    it.proxy.set_open(false);
    let world = it.world.clone();
    let publish = tokio::spawn(async move { world.published("k").await });
    tokio::time::sleep(Duration::from_millis(700)).await;
    it.proxy.set_open(true);
    publish.await.unwrap();
    assert_eq!(it.world.usage().await, (1, 3));
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_no_database() {
    let schema = Schema::new().await;
    let world = World::new(Arc::new(schema.open().await)).await;
    let url = format!("{}%20-c%20default_transaction_read_only%3Don", schema.url);
    let options = PostgresOptions { url, timeout: TIMEOUT, ..schema.options() };
    let standby = PostgresIndex::new(&options).unwrap();
    for error in [standby.migrate().await.err(), standby.bucket_usage(world.bucket).await.err()] {
        assert!(matches!(error, Some(Error::Unavailable(_))), "{error:?}");
    }
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_fences_nobody() {
    let it = Disturbed::new().await;
    let (me, other) = (it.world.writer, WriterId::random());
    let minute = Silence::For(Duration::from_mins(1));
    it.index.heartbeat(other).await.unwrap();
    // Nobody could reach the database for ten minutes.
    it.sql("UPDATE writers SET heartbeat = heartbeat - 60000000, unbroken = unbroken - 60000000").await;
    it.index.heartbeat(me).await.unwrap();
    assert_eq!(it.index.fence_silent(me, minute).await.unwrap(), []);
    it.index.heartbeat(other).await.unwrap();
    // Then the other process is gone, while this one is heard all the time.
    it.sql("UPDATE writers SET unbroken = unbroken - 60000000").await;
    it.sql(&format!("UPDATE writers SET heartbeat = heartbeat - 60000000 WHERE id = '\\x{other}'")).await;
    it.index.heartbeat(me).await.unwrap();
    assert_eq!(it.index.fence_silent(me, minute).await.unwrap(), [other]);
    it.schema.drop().await;
}
