//! Rates of listings in PostgreSQL on this machine and the space that objects take, to be run by hand:
//! `CARDEA_TEST_POSTGRES=… cargo test --release --test storage_postgres listing_rates -- --ignored
//! --nocapture`

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cardea::model::BucketId;
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{Index, KeyQuery, ListVersions};
use tokio_postgres::Client;

use super::database::{Schema, connect};
use crate::storage::index::world::{World, listing};

/// The best and the mean of ten runs, after two that warm the caches.
async fn timed<T>(what: &str, mut run: impl AsyncFnMut() -> T) {
    let mut times = Vec::new();
    for round in 0..12 {
        let start = Instant::now();
        run().await;
        if round > 1 {
            times.push(start.elapsed());
        }
    }
    let mean = times.iter().sum::<Duration>() / 10;
    println!(
        "{what}: {:.2} ms, at best {:.2} ms",
        1e3 * mean.as_secs_f64(),
        1e3 * times.iter().min().unwrap().as_secs_f64()
    );
}

/// Objects of one blob each: ten keys in each of a tenth as many folders, in no order.
const OBJECTS: &str = "
    CREATE TEMP TABLE n AS SELECT $from + i::bigint * 7919 % ($until - $from) AS n FROM generate_series(0, $until - $from - 1) i;
    INSERT INTO versions (nr, bucket, key, state, marker, null_id, created, modified, size, mode, etag, content_type, uid, digests,
            envelope, metadata)
        SELECT 1000 + n, b.nr, convert_to(lpad((n / 10)::text, 6, '0') || '/' || lpad(n::text, 7, '0'), 'UTF8'), 1, 0, 1, n, n, 3,
               1, md5(n::text), 'text/plain', decode(md5(n::text), 'hex'), decode(repeat('09', 120), 'hex'),
               decode(repeat('09', 300), 'hex'), '{}'
        FROM n, buckets b WHERE b.id = '\\x$bucket';
    INSERT INTO blobs SELECT decode(md5(n::text) || '0011223344556677', 'hex'), 1, 3, NULL, NULL, decode(repeat('09', 100), 'hex') FROM n;
    INSERT INTO parts SELECT 1000 + n, 0, decode(md5(n::text) || '0011223344556677', 'hex'), 0, 3, decode(repeat('09', 60), 'hex') FROM n;
    DROP TABLE n; VACUUM ANALYZE;";

async fn fill(client: &Client, bucket: BucketId, from: u32, until: u32) {
    let sql = OBJECTS
        .replace("$bucket", &bucket.to_string())
        .replace("$from", &from.to_string())
        .replace("$until", &until.to_string());
    // One at a time, because a vacuum runs in no transaction.
    for sql in sql.split(';') {
        client.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_listing_a_million() {
    let schema = Schema::new().await;
    let index: Arc<dyn Index> = Arc::new(schema.open().await);
    let (world, client) = (World::new(index).await, connect(&schema.url).await);
    for (filled, count) in [(0, 10_000), (10_000, 100_000), (100_000, 1_000_000)] {
        fill(&client, world.bucket, filled, count).await;
        let page = async |name: &str, keys: KeyQuery| {
            timed(&format!("{count} keys: {name}"), async || {
                assert!(world.list(keys.clone()).await.unwrap().rows.len() >= 499);
            })
            .await;
            let query = ListVersions { bucket: world.bucket, keys, version_marker: None };
            timed(&format!("{count} keys: {name}, versions"), async || {
                assert!(world.index.list_versions(query.clone()).await.unwrap().rows.len() >= 499);
            })
            .await;
        };
        let first = listing();
        let middle = KeyQuery { marker: Some(format!("{:06}/", count / 20)), ..first.clone() };
        let delimiter = Some("/".to_owned());
        page("the first 1000", first.clone()).await;
        page("1000 in the middle", middle.clone()).await;
        page("1000 in the middle, backwards", KeyQuery { reverse: true, ..middle.clone() }).await;
        page("1000 common prefixes", KeyQuery { delimiter: delimiter.clone(), ..first.clone() }).await;
        page("1000 common prefixes in the middle", KeyQuery { delimiter, ..middle }).await;
        // A delimiter that no key holds.
        page("1000 keys, none rolled up", KeyQuery { delimiter: Some("::".into()), ..first }).await;
    }
    timed("1000000 keys: check the index against itself", async || world.index.audit().await.unwrap()).await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_bytes_per_object() {
    const COUNT: u32 = 1_000_000;
    let schema = Schema::new().await;
    let index: Arc<dyn Index> = Arc::new(schema.open().await);
    let (world, client) = (World::new(index).await, connect(&schema.url).await);
    fill(&client, world.bucket, 0, COUNT).await;
    let sql = "SELECT relname::text, pg_relation_size(oid), relkind::text FROM pg_class
               WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'i') ORDER BY 2 DESC LIMIT 10";
    let mut total = 0.0;
    for row in client.query(sql, &[]).await.unwrap() {
        let each = row.get::<_, i64>(1) as f64 / f64::from(COUNT);
        total += each;
        println!("PostgreSQL, {}: {each:.0} bytes an object", row.get::<_, &str>(0));
    }
    println!("PostgreSQL: {total:.0} bytes an object");
    schema.drop().await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.sqlite");
    let world = World::new(Arc::new(SqliteIndex::open(&file).unwrap())).await;
    drop(world);
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch(SQLITE_OBJECTS).unwrap();
    drop(connection);
    let bytes = std::fs::metadata(&file).unwrap().len();
    println!("SQLite: {} bytes an object", bytes / u64::from(COUNT));
}

/// The same in SQLite, a million of them.
const SQLITE_OBJECTS: &str = "
    CREATE TEMP TABLE n AS WITH RECURSIVE i (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < 999999)
        SELECT i * 7919 % 1000000 AS n FROM i;
    BEGIN;
    INSERT INTO versions (nr, bucket, key, state, marker, null_id, created, modified, size, mode, etag, content_type, uid, digests,
            envelope, metadata)
        SELECT 1000 + n, 1, CAST(printf('%06d/%07d', n / 10, n) AS BLOB), 1, 0, 1, n, n, 3, 1, lower(hex(randomblob(16))),
               'text/plain', randomblob(16), randomblob(120), randomblob(300), '{}' FROM n;
    INSERT INTO blobs SELECT CAST(printf('%016d%08d', n * 7, n) AS BLOB), 1, 3, NULL, NULL, randomblob(100) FROM n;
    INSERT INTO parts SELECT 1000 + n, 0, randomblob(24), 0, 3, randomblob(60) FROM n;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";
