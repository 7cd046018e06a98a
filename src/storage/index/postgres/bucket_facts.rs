//! The facts of a bucket that the commands on objects need, and the counters of its contents.

use super::super::change::Change;
use super::transaction::{Snapshot, Tx};
use crate::model::{AccountId, BucketId};
use crate::storage::Error;
use crate::storage::index::{Result, Versioning};

/// The facts of a bucket that the commands on objects need.
pub(super) struct BucketFacts {
    pub(super) nr: i64,
    pub(super) account: AccountId,
    pub(super) versioning: Versioning,
}

/// Finds the facts of a bucket.
pub(super) async fn find(db: &Snapshot, id: BucketId) -> Result<BucketFacts> {
    let sql = "SELECT nr, account, versioning FROM buckets WHERE id = $1";
    let row = db.maybe(sql, &[&id]).await?.ok_or(Error::NoSuchBucket)?;
    Ok(BucketFacts { nr: row.try_get(0)?, account: row.try_get(1)?, versioning: row.try_get(2)? })
}

/// Counts a change of the current objects. Both counters change in the command that changes the objects, each
/// in the slot of its connection: commands that run at once seldom meet there. A command that met a lock uses
/// the next slot.
pub(super) async fn count(tx: &Tx, bucket: &BucketFacts, change: Change) -> Result<()> {
    if change == Change::default() {
        return Ok(());
    }
    tx.execute(
        "WITH in_bucket AS (
             INSERT INTO bucket_usage AS u (bucket, slot, objects, bytes)
             VALUES ($1, (pg_backend_pid() + $5::bigint) & 15, $3, $4)
             ON CONFLICT (bucket, slot) DO UPDATE SET objects = u.objects + $3, bytes = u.bytes + $4
         )
         INSERT INTO account_usage AS u (account, slot, buckets, objects, bytes)
         VALUES ($2, (pg_backend_pid() + $5::bigint) & 15, 0, $3, $4)
         ON CONFLICT (account, slot) DO UPDATE SET objects = u.objects + $3, bytes = u.bytes + $4",
        &[&bucket.nr, &bucket.account, &change.objects, &change.bytes, &tx.slots_on()],
    )
    .await
    .map(|_| ())
}
