//! Reading the rows of buckets.

use rusqlite::{Row, params};

use super::super::bucket_rules::{NumberedBucket, bucket_columns, select_bucket};
use super::connection::Snapshot;
use super::values::{Count, Map};
use crate::model::BucketId;
use crate::storage::Error;
use crate::storage::index::{BucketAddress, BucketRecord, Result};

/// Finds a bucket.
pub(super) fn find(db: &Snapshot<'_>, address: &BucketAddress) -> Result<NumberedBucket> {
    maybe(db, address)?.ok_or(Error::NoSuchBucket)
}

/// Finds a bucket, if it exists.
pub(super) fn maybe(db: &Snapshot<'_>, address: &BucketAddress) -> Result<Option<NumberedBucket>> {
    match address {
        BucketAddress::S3(name) => {
            db.maybe(select_bucket!("FROM buckets b WHERE b.name = ?1 AND b.registered = 1"), [name], read)
        }
        BucketAddress::Owned(account, name) => {
            let sql = select_bucket!("FROM buckets b WHERE b.account = ?1 AND b.name = ?2");
            db.maybe(sql, params![account, name], read)
        }
        BucketAddress::Id(id) => db.maybe(select_bucket!("FROM buckets b WHERE b.id = ?1"), [id], read),
    }
}

/// Buckets by id.
pub(super) fn page(db: &Snapshot<'_>, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
    let sql = select_bucket!("FROM buckets b WHERE b.id > ?1 ORDER BY b.id LIMIT ?2");
    let after = after.map(|id| id.0.to_vec()).unwrap_or_default();
    db.all(sql, params![after, limit], |row| Ok(read(row)?.record))
}

/// Reads the columns of a bucket.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<NumberedBucket> {
    let record = BucketRecord {
        id: row.get(1)?,
        account: row.get(2)?,
        name: row.get(3)?,
        registered: row.get(4)?,
        created: row.get(5)?,
        modified: row.get(6)?,
        versioning: row.get(7)?,
        metadata: row.get::<_, Map>(8)?.0,
        settings_generation: row.get::<_, Count>(9)?.0,
    };
    Ok(NumberedBucket { nr: row.get(0)?, record })
}
