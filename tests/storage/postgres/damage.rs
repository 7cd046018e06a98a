//! The index's check of itself: each kind of damage is found.

use cardea::storage::index::postgres::PostgresIndex;
use cardea::storage::index::{Care, Finding};
use tokio_postgres::Client;

use super::database::{Schema, connect};

/// A bucket with an object, a hidden key and an upload. Blob 1 is referenced twice; blob 2 lives in the
/// index.
const SOUND: &str = "
    CREATE TEMP VIEW ids AS SELECT n, convert_to(lpad(n::text, 24, '0'), 'UTF8') AS blob FROM generate_series(1, 3) n;
    INSERT INTO buckets (nr, id, account, name, registered, created, modified, versioning, metadata)
        VALUES (1, '\\x01', 'a', '\\x01', 0, 0, 0, 1, '{}');
    INSERT INTO bucket_settings (bucket, name, text, changed) VALUES (1, 'tags', '[]', 0);
    INSERT INTO bucket_usage (bucket, slot, objects, bytes) VALUES (1, 0, 2, 7), (1, 1, -1, -1);
    INSERT INTO account_usage (account, slot, buckets, objects, bytes) VALUES ('a', 0, 1, 1, 6);
    INSERT INTO versions (nr, bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid,
            digests, envelope, metadata)
        VALUES (1, 1, 'a', 1, 0, 0, 9, 9, 6, 0, '', '\\x01', '', '', '{}'),
               (2, 1, 'b', 0, 0, 1, 1, 1, 3, 0, '', '\\x02', '', '', '{}'),
               (3, 1, 'b', 2, 1, 0, 5, 5, 0, 0, '', '', '', '', '{}');
    INSERT INTO uploads (nr, uid, bucket, key, created, initiator, mode, envelope, choices, metadata)
        VALUES (1, '\\x09', 1, 'a', 0, '', 0, '', '{}', '{}');
    INSERT INTO upload_parts (upload, number, created, size, etag, digests) VALUES (1, 7, 0, 2, '', '');
    INSERT INTO inline_blobs (nr, bytes) VALUES (1, '\\x00');
    INSERT INTO blobs (id, refs, length, freed, inline, header)
        SELECT blob, CASE n WHEN 1 THEN 2 WHEN 2 THEN 2 ELSE 0 END, 3, CASE WHEN n = 3 THEN 1 END,
            CASE WHEN n = 2 THEN 1 END, '' FROM ids;
    INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
        SELECT 1, n - 1, blob, 0, 3, '' FROM ids WHERE n < 3;
    INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
        SELECT 2, 0, blob, 0, 3, '' FROM ids WHERE n = 1;
    INSERT INTO version_parts (version, number, size, digests) VALUES (1, 1, 3, '');
    INSERT INTO upload_refs (upload, number, seq, blob, start, length, wrapped_key)
        SELECT 1, 7, 0, blob, 1, 2, '' FROM ids WHERE n = 2;";

/// The damages, and the findings that they must cause.
const DAMAGES: &[(&str, &str)] = &[
    ("UPDATE versions SET bucket = 2 WHERE nr = 1", "a version is in no bucket"),
    ("UPDATE uploads SET bucket = 2", "an upload is in no bucket"),
    ("UPDATE bucket_usage SET bucket = 2", "usage is counted of no bucket"),
    ("UPDATE bucket_settings SET bucket = 2", "a setting is of no bucket"),
    ("DELETE FROM versions WHERE nr = 2", "a part is of no version"),
    ("UPDATE parts SET version = 3 WHERE version = 2", "a part is of no version"),
    ("UPDATE version_parts SET version = 9", "a numbered part is of no version"),
    ("DELETE FROM uploads", "a part is of no upload"),
    ("UPDATE upload_refs SET number = 8", "a reference is of no part of an upload"),
    ("UPDATE parts SET seq = 5 WHERE seq = 1", "the parts of a version have gaps"),
    ("UPDATE parts SET start = 1 WHERE version = 2", "a part reaches past its blob"),
    ("UPDATE upload_refs SET start = 2", "a part of an upload reaches past its blob"),
    ("UPDATE versions SET size = 4 WHERE nr = 2", "the parts of a version do not add up to its size"),
    ("UPDATE upload_parts SET size = 3", "the references of an uploaded part do not add up to its size"),
    ("UPDATE versions SET marker = 1 WHERE nr = 1", "the state of a version contradicts what it is"),
    ("UPDATE versions SET state = 3 WHERE nr = 1", "the state of a version contradicts what it is"),
    ("UPDATE blobs SET freed = 1 WHERE refs > 0", "a blob is free and referenced, or neither"),
    ("UPDATE blobs SET freed = NULL", "a blob is free and referenced, or neither"),
    ("DELETE FROM inline_blobs", "the bytes of a blob in the index are not there"),
    ("INSERT INTO inline_blobs (nr, bytes) VALUES (2, '\\x00')", "bytes in the index are of no blob"),
    ("UPDATE blobs SET inline = 1", "two blobs share bytes in the index"),
    ("UPDATE bucket_usage SET objects = 2", "the usage of a bucket is miscounted"),
    ("UPDATE bucket_usage SET bytes = 7", "the usage of a bucket is miscounted"),
    ("UPDATE account_usage SET buckets = 2", "the usage of an account is miscounted"),
    ("UPDATE account_usage SET objects = 0", "the usage of an account is miscounted"),
    ("DELETE FROM account_usage", "the usage of an account is miscounted"),
    ("UPDATE blobs SET refs = 3 WHERE refs > 0", "the references of a blob are miscounted"),
    ("DELETE FROM upload_refs", "the references of a blob are miscounted"),
    ("DELETE FROM parts WHERE version = 2", "the references of a blob are miscounted"),
    ("DELETE FROM blobs WHERE inline = 1", "a part names an unknown blob"),
    ("DELETE FROM blobs", "a part names an unknown blob"),
    ("UPDATE versions SET created = 6 WHERE nr = 2", "the newest version of a key is not its latest"),
    ("UPDATE versions SET state = 0 WHERE nr = 3", "the newest version of a key is not its latest"),
    ("UPDATE versions SET state = 1 WHERE nr = 2", "an older version of a key is its latest"),
    ("UPDATE versions SET key = 'a', created = 9 WHERE nr = 2", "two versions of a key share a time"),
    ("UPDATE versions SET key = 'a', null_id = 1 WHERE nr < 3", "a key has two null versions"),
];

/// Does the damage, audits, and undoes it.
async fn audited(client: &Client, index: &PostgresIndex, damage: &str) -> Vec<Finding> {
    client.batch_execute(EMPTY).await.unwrap();
    client.batch_execute(SOUND).await.unwrap();
    client.batch_execute(damage).await.unwrap();
    index.audit().await.unwrap()
}

const EMPTY: &str =
    "DROP VIEW IF EXISTS ids; TRUNCATE buckets, bucket_settings, bucket_usage, account_usage, versions, uploads, upload_parts,
    upload_refs, inline_blobs, blobs, parts, version_parts";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_damage_is_found() {
    let schema = Schema::new().await;
    let (index, client) = (schema.open().await, connect(&schema.url).await);
    assert_eq!(audited(&client, &index, "").await, []);
    for (damage, what) in DAMAGES {
        let found: Vec<_> =
            audited(&client, &index, damage).await.into_iter().map(|finding| finding.what).collect();
        assert!(found.contains(what), "{damage}: {found:?}");
    }
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_are_bounded_and_hold_nobody_up() {
    let schema = Schema::new().await;
    let (index, client) = (schema.open().await, connect(&schema.url).await);
    let many = "INSERT INTO version_parts (version, number, size, digests) SELECT n, 1, 0, '' FROM generate_series(10, 3000) n";
    assert_eq!(audited(&client, &index, many).await.len(), 1000);
    // Uncommitted changes of another transaction are neither seen nor waited for.
    client.batch_execute(EMPTY).await.unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    client.batch_execute(many).await.unwrap();
    assert_eq!(index.audit().await.unwrap(), []);
    client.batch_execute("ROLLBACK").await.unwrap();
    schema.drop().await;
}
