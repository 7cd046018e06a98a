//! Objects whose `X-Delete-At` has come.

use super::transaction::{Snapshot, Tx};
use super::{delete, locks};
use crate::model::{BucketId, ObjectKey, Timestamp};
use crate::storage::index::{Delete, Precondition, Result};

/// The current objects that expire first.
const EXPIRED: &str = "SELECT b.id, v.key FROM versions v JOIN buckets b ON b.nr = v.bucket
     WHERE v.state = 1 AND v.expires <= $1 ORDER BY v.expires LIMIT $2";

/// Whether the current object under a key has expired.
const IS_EXPIRED: &str = "SELECT 1 FROM versions v JOIN buckets b ON b.nr = v.bucket
     WHERE b.id = $1 AND v.key = $2 AND v.state = 1 AND v.expires <= $3";

/// The expired objects. Each is deleted in a transaction of its own.
pub(super) async fn expired(db: &Snapshot, now: Timestamp, limit: u32) -> Result<Vec<(BucketId, ObjectKey)>> {
    let rows = db.all(EXPIRED, &[&now.seconds_floor(), &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Deletes the current object under a key as a DELETE would, if it is still expired. Returns whether it was.
pub(super) async fn expire(tx: &Tx, bucket: BucketId, key: &ObjectKey, now: Timestamp) -> Result<bool> {
    locks::for_key(tx, bucket, key).await?;
    if !tx.exists(IS_EXPIRED, &[&bucket, key, &now.seconds_floor()]).await? {
        return Ok(false);
    }
    let command = Delete { bucket, key: key.clone(), version: None, precondition: Precondition::None };
    delete::delete(tx, &command).await.map(|_| true)
}
