//! The facts of a bucket that the commands on objects need, and the counters of its contents.

use rusqlite::params;

use super::super::change::Change;
use super::connection::{Snapshot, Tx};
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
pub(super) fn find(db: &Snapshot<'_>, id: BucketId) -> Result<BucketFacts> {
    db.maybe("SELECT nr, account, versioning FROM buckets WHERE id = ?1", [id], |row| {
        Ok(BucketFacts { nr: row.get(0)?, account: row.get(1)?, versioning: row.get(2)? })
    })?
    .ok_or(Error::NoSuchBucket)
}

/// Counts a change of the current objects. Both counters change in the command that changes the objects.
pub(super) fn count(tx: &Tx<'_>, bucket: &BucketFacts, change: Change) -> Result<()> {
    if change == Change::default() {
        return Ok(());
    }
    tx.execute(
        "UPDATE bucket_usage SET objects = objects + ?2, bytes = bytes + ?3 WHERE bucket = ?1 AND slot = 0",
        params![bucket.nr, change.objects, change.bytes],
    )?;
    tx.execute(
        "UPDATE account_usage SET objects = objects + ?2, bytes = bytes + ?3 WHERE account = ?1 AND slot = 0",
        params![bucket.account, change.objects, change.bytes],
    )?;
    Ok(())
}
