//! Reading the rows of buckets.

use tokio_postgres::Row;

use super::super::bucket_rules::{NumberedBucket, bucket_columns, select_bucket};
use super::transaction::Snapshot;
use super::values::{self, Count, Flag};
use crate::model::BucketId;
use crate::storage::Error;
use crate::storage::index::{BucketAddress, BucketRecord, Result};

/// Finds a bucket.
pub(super) async fn find(db: &Snapshot, address: &BucketAddress) -> Result<NumberedBucket> {
    maybe(db, address).await?.ok_or(Error::NoSuchBucket)
}

/// Finds a bucket, if it exists.
pub(super) async fn maybe(db: &Snapshot, address: &BucketAddress) -> Result<Option<NumberedBucket>> {
    let found = match address {
        BucketAddress::S3(name) => {
            db.maybe(select_bucket!("FROM buckets b WHERE b.name = $1 AND b.registered = 1"), &[name]).await?
        }
        BucketAddress::Owned(account, name) => {
            let sql = select_bucket!("FROM buckets b WHERE b.account = $1 AND b.name = $2");
            db.maybe(sql, &[account, name]).await?
        }
        BucketAddress::Id(id) => db.maybe(select_bucket!("FROM buckets b WHERE b.id = $1"), &[id]).await?,
    };
    found.as_ref().map(read).transpose()
}

/// Buckets by id.
pub(super) async fn page(db: &Snapshot, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
    let sql = select_bucket!("FROM buckets b WHERE b.id > $1 ORDER BY b.id LIMIT $2");
    let after = after.map(|id| id.0.to_vec()).unwrap_or_default();
    let rows = db.all(sql, &[&after, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok(read(row)?.record)).collect()
}

/// Reads the columns of a bucket.
pub(super) fn read(row: &Row) -> Result<NumberedBucket> {
    let record = BucketRecord {
        id: row.try_get(1)?,
        account: row.try_get(2)?,
        name: row.try_get(3)?,
        registered: row.try_get::<_, Flag>(4)?.0,
        created: row.try_get(5)?,
        modified: row.try_get(6)?,
        versioning: row.try_get(7)?,
        metadata: values::map(row, 8)?,
        settings_generation: row.try_get::<_, Count>(9)?.0,
    };
    Ok(NumberedBucket { nr: row.try_get(0)?, record })
}
