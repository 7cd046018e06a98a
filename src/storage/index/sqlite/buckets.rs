//! Buckets, their names and their usage.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::super::bucket_rules::{
    Creation, DISCARDED, NumberedBucket, apply, bucket_columns, creation, select_bucket,
};
use super::super::range;
use super::connection::{Snapshot, Tx};
use super::values::{Count, to_json};
use super::{SqliteIndex, bucket_facts, bucket_rows, settings, upload_rows};
use crate::model::settings::SettingName;
use crate::model::{AccountId, BucketId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, BucketSettings, Buckets, CreateBucket,
    ListBuckets, Result, Usage,
};

#[async_trait]
impl Buckets for SqliteIndex {
    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord> {
        self.writer()?.run(move |tx| create(tx, &command)).await
    }

    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord> {
        let address = address.clone();
        self.readers.statement(move |db| Ok(bucket_rows::find(db, &address)?.record)).await
    }

    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord> {
        self.writer()?.run(move |tx| update(tx, id, changes)).await
    }

    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings> {
        self.readers.statement(move |db| settings::all(db, id)).await
    }

    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64> {
        self.writer()?.run(move |tx| settings::put(tx, id, name, text.as_deref())).await
    }

    async fn delete_bucket(&self, id: BucketId) -> Result<()> {
        while !self.writer()?.run(move |tx| delete(tx, id)).await? {}
        Ok(())
    }

    async fn bucket_usage(&self, id: BucketId) -> Result<Usage> {
        self.readers.snapshot(move |db| usage(db, id)).await
    }

    async fn account_usage(&self, id: &AccountId) -> Result<Usage> {
        let id = id.clone();
        self.readers.statement(move |db| account_usage(db, &id)).await
    }

    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage> {
        self.readers.snapshot(move |db| list(db, &query)).await
    }
}

pub(super) fn create(tx: &Tx<'_>, command: &CreateBucket) -> Result<BucketRecord> {
    let holder =
        bucket_rows::maybe(tx, &BucketAddress::S3(command.name.clone()))?.map(|holder| holder.record);
    let own = BucketAddress::Owned(command.account.clone(), command.name.clone());
    let own = bucket_rows::maybe(tx, &own)?;
    let record = match creation(command, holder.as_ref(), own, tx.now())? {
        Creation::Insert(record) => record,
        Creation::Register(own) => {
            tx.execute("UPDATE buckets SET registered = 1 WHERE nr = ?1", [own.nr])?;
            return Ok(BucketRecord { registered: true, ..own.record });
        }
    };
    let nr = tx.insert(
        "INSERT INTO buckets (id, account, name, registered, created, modified, versioning, metadata, settings_generation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            record.id,
            record.account,
            record.name,
            record.registered,
            record.created,
            record.modified,
            record.versioning,
            to_json(&record.metadata)?,
            Count(record.settings_generation),
        ],
    )?;
    for (name, text) in &command.settings {
        settings::set(tx, nr, *name, text)?;
    }
    tx.execute("INSERT INTO bucket_usage (bucket, slot, objects, bytes) VALUES (?1, 0, 0, 0)", [nr])?;
    tx.execute(
        "INSERT INTO account_usage (account, slot, buckets, objects, bytes) VALUES (?1, 0, 1, 0, 0)
         ON CONFLICT (account, slot) DO UPDATE SET buckets = buckets + 1",
        [&record.account],
    )?;
    Ok(record)
}

pub(super) fn update(tx: &Tx<'_>, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord> {
    let NumberedBucket { nr, mut record } = bucket_rows::find(tx, &BucketAddress::Id(id))?;
    apply(&mut record, changes, tx.now());
    tx.execute(
        "UPDATE buckets SET modified = ?2, versioning = ?3, metadata = ?4 WHERE nr = ?1",
        params![nr, record.modified, record.versioning, to_json(&record.metadata)?],
    )?;
    Ok(record)
}

/// Deletes a bucket without objects and versions. Uploads do not prevent it, as on S3: they are dropped
/// first, in steps. Returns whether the bucket is gone.
pub(super) fn delete(tx: &Tx<'_>, id: BucketId) -> Result<bool> {
    let bucket = bucket_facts::find(tx, id)?;
    for occupied in [
        "SELECT 1 FROM versions WHERE bucket = ?1 AND state = 1",
        "SELECT 1 FROM versions WHERE bucket = ?1 AND state <> 1",
    ] {
        if tx.exists(occupied, [bucket.nr])? {
            return Err(Error::BucketNotEmpty);
        }
    }
    if !upload_rows::discard_all(tx, bucket.nr, DISCARDED)? {
        return Ok(false);
    }
    tx.execute("DELETE FROM buckets WHERE nr = ?1", [bucket.nr])?;
    tx.execute("DELETE FROM bucket_settings WHERE bucket = ?1", [bucket.nr])?;
    tx.execute("DELETE FROM bucket_usage WHERE bucket = ?1", [bucket.nr])?;
    tx.execute(
        "UPDATE account_usage SET buckets = buckets - 1 WHERE account = ?1 AND slot = 0",
        [&bucket.account],
    )?;
    Ok(true)
}

pub(super) fn usage(db: &Snapshot<'_>, id: BucketId) -> Result<Usage> {
    let bucket = bucket_facts::find(db, id)?;
    db.one(
        "SELECT 0, coalesce(sum(objects), 0), coalesce(sum(bytes), 0) FROM bucket_usage WHERE bucket = ?1",
        [bucket.nr],
        read_usage,
    )
}

pub(super) fn account_usage(db: &Snapshot<'_>, account: &AccountId) -> Result<Usage> {
    db.one(
        "SELECT coalesce(sum(buckets), 0), coalesce(sum(objects), 0), coalesce(sum(bytes), 0)
         FROM account_usage WHERE account = ?1",
        [account],
        read_usage,
    )
}

fn read_usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    let count = |column| row.get::<_, Count>(column).map(|count| count.0);
    Ok(Usage { buckets: count(0)?, objects: count(1)?, bytes: count(2)? })
}

pub(super) fn list(db: &Snapshot<'_>, query: &ListBuckets) -> Result<BucketPage> {
    let (marker, end) = (query.marker.as_deref(), query.end_marker.as_deref());
    let (after, before) = if query.reverse { (end, marker) } else { (marker, end) };
    let keys = range::Keys::new(&query.prefix, after, before);
    let sql = if query.reverse {
        select_bucket!(
            "FROM buckets b WHERE b.account = ?1 AND b.name >= ?2 AND b.name < ?3 ORDER BY b.name DESC LIMIT ?4"
        )
    } else {
        select_bucket!(
            "FROM buckets b WHERE b.account = ?1 AND b.name >= ?2 AND b.name < ?3 ORDER BY b.name LIMIT ?4"
        )
    };
    if query.limit == 0 {
        return Ok(BucketPage::default());
    }
    let limit = i64::from(query.limit);
    let mut found =
        db.all(sql, params![query.account, keys.from, keys.until, limit + 1], bucket_rows::read)?;
    let truncated = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let rows = found.into_iter().map(|NumberedBucket { nr, record }| {
        let usage = db.one(
            "SELECT 0, coalesce(sum(objects), 0), coalesce(sum(bytes), 0) FROM bucket_usage WHERE bucket = ?1",
            [nr],
            read_usage,
        )?;
        Ok(BucketRow { bucket: record, usage })
    });
    Ok(BucketPage { rows: rows.collect::<Result<_>>()?, truncated })
}
