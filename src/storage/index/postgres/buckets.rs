//! Buckets, their names and their usage.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::super::bucket_rules::{self, BUCKET_COLUMNS, Creation, DISCARDED, NumberedBucket, bucket_columns};
use super::super::range;
use super::transaction::{Snapshot, Tx};
use super::values::{Count, Flag, to_json};
use super::{PostgresIndex, bucket_facts, bucket_rows, locks, settings, upload_rows};
use crate::model::settings::SettingName;
use crate::model::{AccountId, BucketId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, BucketSettings, Buckets, CreateBucket,
    ListBuckets, Result, Usage,
};

#[async_trait]
impl Buckets for PostgresIndex {
    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord> {
        command!(self.db, tx, (command) => create(tx, command))
    }

    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord> {
        let address = address.clone();
        Ok(query!(self.db, db, (address) => bucket_rows::find(db, address))?.record)
    }

    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord> {
        command!(self.db, tx, (id, changes) => update(tx, *id, changes))
    }

    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings> {
        query!(self.db, db, (id) => settings::all(db, *id))
    }

    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64> {
        command!(self.db, tx, (id, name, text) => settings::put(tx, *id, *name, text.as_deref()))
    }

    async fn delete_bucket(&self, id: BucketId) -> Result<()> {
        while !command!(self.db, tx, (id) => delete(tx, *id))? {}
        Ok(())
    }

    async fn bucket_usage(&self, id: BucketId) -> Result<Usage> {
        query!(self.db, db, (id) => usage(db, *id))
    }

    async fn account_usage(&self, id: &AccountId) -> Result<Usage> {
        let id = id.clone();
        query!(self.db, db, (id) => account_usage(db, id))
    }

    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage> {
        query!(self.db, db, (query) => list(db, query))
    }
}

/// Creates a bucket. If several commands take a name at once, one succeeds: the others meet the unique
/// indexes, run again and find its bucket.
pub(super) async fn create(tx: &Tx, command: &CreateBucket) -> Result<BucketRecord> {
    let holder = bucket_rows::maybe(tx, &BucketAddress::S3(command.name.clone())).await?;
    let holder = holder.map(|holder| holder.record);
    let own = BucketAddress::Owned(command.account.clone(), command.name.clone());
    let own = bucket_rows::maybe(tx, &own).await?;
    match bucket_rules::creation(command, holder.as_ref(), own, tx.now())? {
        Creation::Insert(record) => insert(tx, command, record).await,
        Creation::Register(own) => {
            if tx.execute("UPDATE buckets SET registered = 1 WHERE nr = $1", &[&own.nr]).await? == 1 {
                return Ok(BucketRecord { registered: true, ..own.record });
            }
            // It was deleted meanwhile.
            insert(tx, command, bucket_rules::new_bucket(command, holder.as_ref(), tx.now())).await
        }
    }
}

async fn insert(tx: &Tx, command: &CreateBucket, record: BucketRecord) -> Result<BucketRecord> {
    let sql = "INSERT INTO buckets (id, account, name, registered, created, modified, versioning, metadata,
                   settings_generation)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING nr";
    let inserted = tx
        .one(
            sql,
            &[
                &record.id,
                &record.account,
                &record.name,
                &Flag(record.registered),
                &record.created,
                &record.modified,
                &record.versioning,
                &to_json(&record.metadata)?,
                &Count(record.settings_generation),
            ],
        )
        .await?;
    let nr = inserted.try_get(0)?;
    for (name, text) in &command.settings {
        settings::set(tx, nr, *name, text).await?;
    }
    count_buckets(tx, &record.account, 1).await?;
    Ok(record)
}

pub(super) async fn update(tx: &Tx, id: BucketId, changes: &[BucketChange]) -> Result<BucketRecord> {
    locks::bucket_alone(tx, id).await?;
    let NumberedBucket { nr, mut record } = bucket_rows::find(tx, &BucketAddress::Id(id)).await?;
    bucket_rules::apply(&mut record, changes.iter().cloned(), tx.now());
    tx.execute(
        "UPDATE buckets SET modified = $2, versioning = $3, metadata = $4 WHERE nr = $1",
        &[&nr, &record.modified, &record.versioning, &to_json(&record.metadata)?],
    )
    .await?;
    Ok(record)
}

/// Deletes a bucket without objects and versions. Uploads do not prevent it, as on S3: they are dropped
/// first, in steps. Returns whether the bucket is gone.
pub(super) async fn delete(tx: &Tx, id: BucketId) -> Result<bool> {
    locks::bucket_alone(tx, id).await?;
    let bucket = bucket_facts::find(tx, id).await?;
    for occupied in [
        "SELECT 1 FROM versions WHERE bucket = $1 AND state = 1 LIMIT 1",
        "SELECT 1 FROM versions WHERE bucket = $1 AND state <> 1 LIMIT 1",
    ] {
        if tx.exists(occupied, &[&bucket.nr]).await? {
            return Err(Error::BucketNotEmpty);
        }
    }
    if !upload_rows::discard_all(tx, bucket.nr, DISCARDED).await? {
        return Ok(false);
    }
    tx.execute("DELETE FROM buckets WHERE nr = $1", &[&bucket.nr]).await?;
    tx.execute("DELETE FROM bucket_settings WHERE bucket = $1", &[&bucket.nr]).await?;
    tx.execute("DELETE FROM bucket_usage WHERE bucket = $1", &[&bucket.nr]).await?;
    count_buckets(tx, &bucket.account, -1).await?;
    Ok(true)
}

async fn count_buckets(tx: &Tx, account: &AccountId, buckets: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO account_usage AS u (account, slot, buckets, objects, bytes)
         VALUES ($1, (pg_backend_pid() + $3::bigint) & 15, $2, 0, 0)
         ON CONFLICT (account, slot) DO UPDATE SET buckets = u.buckets + $2",
        &[account, &buckets, &tx.slots_on()],
    )
    .await
    .map(|_| ())
}

pub(super) async fn usage(db: &Snapshot, id: BucketId) -> Result<Usage> {
    let sql = "SELECT 0::bigint, coalesce(sum(u.objects), 0)::bigint, coalesce(sum(u.bytes), 0)::bigint
               FROM buckets b LEFT JOIN bucket_usage u ON u.bucket = b.nr WHERE b.id = $1 GROUP BY b.nr";
    read_usage(&db.maybe(sql, &[&id]).await?.ok_or(Error::NoSuchBucket)?, 0)
}

pub(super) async fn account_usage(db: &Snapshot, account: &AccountId) -> Result<Usage> {
    let sql = "SELECT coalesce(sum(buckets), 0)::bigint, coalesce(sum(objects), 0)::bigint,
                   coalesce(sum(bytes), 0)::bigint
               FROM account_usage WHERE account = $1";
    read_usage(&db.one(sql, &[account]).await?, 0)
}

fn read_usage(row: &Row, from: usize) -> Result<Usage> {
    let count = |column: usize| -> Result<u64> { Ok(row.try_get::<_, Count>(from + column)?.0) };
    Ok(Usage { buckets: count(0)?, objects: count(1)?, bytes: count(2)? })
}

/// The columns of a bucket.
const BUCKET: &str = bucket_columns!();

pub(super) async fn list(db: &Snapshot, query: &ListBuckets) -> Result<BucketPage> {
    let (marker, end) = (query.marker.as_deref(), query.end_marker.as_deref());
    let (after, before) = if query.reverse { (end, marker) } else { (marker, end) };
    let keys = range::Keys::new(&query.prefix, after, before);
    if query.limit == 0 {
        return Ok(BucketPage::default());
    }
    let order = if query.reverse { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT {BUCKET}, 0::bigint, coalesce(u.objects, 0)::bigint, coalesce(u.bytes, 0)::bigint
         FROM (SELECT * FROM buckets WHERE account = $1 AND name >= $2 AND name < $3 ORDER BY name {order} LIMIT $4) b
         LEFT JOIN LATERAL (
             SELECT sum(objects) AS objects, sum(bytes) AS bytes FROM bucket_usage WHERE bucket = b.nr
         ) u ON true
         ORDER BY name {order}"
    );
    let limit = i64::from(query.limit);
    let mut found = db.all(&sql, &[&query.account, &keys.from, &keys.until, &(limit + 1)]).await?;
    let truncated = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let rows = found.iter().map(|row| {
        Ok(BucketRow { bucket: bucket_rows::read(row)?.record, usage: read_usage(row, BUCKET_COLUMNS)? })
    });
    Ok(BucketPage { rows: rows.collect::<Result<_>>()?, truncated })
}
