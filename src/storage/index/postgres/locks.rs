//! What commands hold against each other until their transaction ends: advisory locks, which write nothing
//! and need no row.
//!
//! A statement sees what had been committed when it began. So the locks are taken by a statement of their
//! own, and what is read after it is what stays.

use sha2::{Digest, Sha256};

use super::transaction::Tx;
use crate::model::{BucketId, ObjectKey, VersionUid, WriterId};
use crate::storage::index::Result;

/// What a lock is about.
#[derive(Clone, Copy)]
enum About<'a> {
    /// That a writer lives: shared by its commands, against its fence.
    Writer(WriterId),
    /// That a bucket stands as it is: shared by the commands on its objects, against its deletion and its
    /// changes.
    Bucket(BucketId),
    /// What stands under a key, against each other.
    Key(BucketId, &'a ObjectKey),
    /// That an upload stands: shared by the commands on its parts, against its end.
    Upload(VersionUid),
    /// What a part of an upload is, against each other.
    Part(VersionUid, u32),
}

impl About<'_> {
    /// The lock's number. Two that share one wait for each other without need, and nothing worse.
    fn number(self) -> i64 {
        let mut hash = Sha256::new();
        match self {
            Self::Writer(writer) => hash.update([&b"w"[..], &writer.0].concat()),
            Self::Bucket(bucket) => hash.update([&b"b"[..], &bucket.0].concat()),
            Self::Upload(upload) => hash.update([&b"u"[..], &upload.0].concat()),
            Self::Part(upload, number) => {
                hash.update([&b"p"[..], &upload.0, &number.to_be_bytes()].concat());
            }
            Self::Key(bucket, key) => hash.update([&b"k"[..], &bucket.0, key.as_str().as_bytes()].concat()),
        }
        let digest = hash.finalize();
        let mut number = [0; 8];
        number.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(number)
    }
}

/// For a command that makes a writer's blobs known under a key.
pub(super) async fn for_publish(tx: &Tx, writer: WriterId, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock_shared($2), pg_advisory_xact_lock($3)";
    let (writer, held) = (About::Writer(writer).number(), About::Bucket(bucket).number());
    tx.one(sql, &[&writer, &held, &About::Key(bucket, key).number()]).await.map(|_| ())
}

/// For a command that changes what stands under a key.
pub(super) async fn for_key(tx: &Tx, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)";
    let held = About::Bucket(bucket).number();
    tx.one(sql, &[&held, &About::Key(bucket, key).number()]).await.map(|_| ())
}

/// For a command that makes a writer's blobs known as a part of an upload. `alone` is for one that counts
/// what the other parts have: none of them changes meanwhile.
pub(super) async fn for_part(
    tx: &Tx,
    writer: WriterId,
    bucket: BucketId,
    upload: VersionUid,
    number: u32,
    alone: bool,
) -> Result<()> {
    let sql = if alone {
        "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock_shared($2),
             pg_advisory_xact_lock($3), pg_advisory_xact_lock($4)"
    } else {
        "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock_shared($2),
             pg_advisory_xact_lock_shared($3), pg_advisory_xact_lock($4)"
    };
    let (writer, held) = (About::Writer(writer).number(), About::Bucket(bucket).number());
    let (upload, part) = (About::Upload(upload).number(), About::Part(upload, number).number());
    tx.one(sql, &[&writer, &held, &upload, &part]).await.map(|_| ())
}

/// For an upload's end, besides what its bucket and its key need: none of its parts changes meanwhile.
pub(super) async fn upload_alone(tx: &Tx, upload: VersionUid) -> Result<()> {
    alone(tx, About::Upload(upload)).await
}

/// For a command on something in a bucket that is under no key's lock: the bucket stays, and stays as it is.
pub(super) async fn for_bucket(tx: &Tx, bucket: BucketId) -> Result<()> {
    shared(tx, About::Bucket(bucket)).await
}

/// For a bucket's deletion or change: no command on its objects runs meanwhile.
pub(super) async fn bucket_alone(tx: &Tx, bucket: BucketId) -> Result<()> {
    alone(tx, About::Bucket(bucket)).await
}

/// For a writer's fence: none of its commands runs meanwhile.
pub(super) async fn writer_alone(tx: &Tx, writer: WriterId) -> Result<()> {
    alone(tx, About::Writer(writer)).await
}

async fn shared(tx: &Tx, about: About<'_>) -> Result<()> {
    tx.one("SELECT pg_advisory_xact_lock_shared($1)", &[&about.number()]).await.map(|_| ())
}

async fn alone(tx: &Tx, about: About<'_>) -> Result<()> {
    tx.one("SELECT pg_advisory_xact_lock($1)", &[&about.number()]).await.map(|_| ())
}
