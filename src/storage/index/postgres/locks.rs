//! The locks that commands hold against each other until their transaction ends: advisory locks, which write
//! nothing and need no row.
//!
//! A statement sees the commits from before its begin. So a statement of its own takes the locks, and the
//! statements after it read a state that stays.

use sha2::{Digest, Sha256};

use super::transaction::Tx;
use crate::model::{BucketId, ObjectKey, VersionUid, WriterId};
use crate::storage::index::Result;

/// The subject of a lock.
#[derive(Clone, Copy)]
enum About<'a> {
    /// A writer is alive. Its commands share the lock; its fence takes it alone.
    Writer(WriterId),
    /// A bucket stays as it is. The commands on its objects share the lock; its deletion and its changes take
    /// it alone.
    Bucket(BucketId),
    /// The versions of a key. Each command takes the lock alone.
    Key(BucketId, &'a ObjectKey),
    /// An upload exists. The commands on its parts share the lock; its end takes it alone.
    Upload(VersionUid),
    /// A part of an upload. Each command takes the lock alone.
    Part(VersionUid, u32),
}

impl About<'_> {
    /// The lock's number. If two subjects share a number, their commands wait for each other without need,
    /// and nothing worse.
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

/// For a command that inserts a writer's blobs under a key.
pub(super) async fn for_publish(tx: &Tx, writer: WriterId, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock_shared($2), pg_advisory_xact_lock($3)";
    let (writer, held) = (About::Writer(writer).number(), About::Bucket(bucket).number());
    tx.one(sql, &[&writer, &held, &About::Key(bucket, key).number()]).await.map(|_| ())
}

/// For a command that changes the versions of a key.
pub(super) async fn for_key(tx: &Tx, bucket: BucketId, key: &ObjectKey) -> Result<()> {
    let sql = "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)";
    let held = About::Bucket(bucket).number();
    tx.one(sql, &[&held, &About::Key(bucket, key).number()]).await.map(|_| ())
}

/// For a command that inserts a writer's blobs as a part of an upload. A command that counts the references
/// of the other parts sets `alone`: none of the parts changes meanwhile.
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

/// For an upload's end, besides the locks of its bucket and key: none of its parts changes meanwhile.
pub(super) async fn upload_alone(tx: &Tx, upload: VersionUid) -> Result<()> {
    alone(tx, About::Upload(upload)).await
}

/// For a command in a bucket that needs no key's lock: the bucket stays as it is.
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
