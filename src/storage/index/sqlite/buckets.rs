//! Buckets, their names and their usage.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::super::change;
use super::super::merge::merge;
use super::super::range;
use super::super::settings::first_generation;
use super::SqliteIndex;
use super::bucket_facts;
use super::connection::{Snapshot, Tx};
use super::settings;
use super::upload_rows;
use super::values::{Count, Map, to_json};
use crate::model::settings::SettingName;
use crate::model::{AccountId, BucketId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, BucketSettings, Buckets, CreateBucket,
    ListBuckets, NamePolicy, Result, Usage, Versioning,
};

#[async_trait]
impl Buckets for SqliteIndex {
    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord> {
        self.writer()?.run(move |tx| create(tx, command)).await
    }

    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord> {
        let address = address.clone();
        self.readers.statement(move |db| Ok(find(db, &address)?.record)).await
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

/// A bucket and the number of its row.
pub(super) struct Numbered {
    pub(super) nr: i64,
    pub(super) record: BucketRecord,
}

/// Finds a bucket.
pub(super) fn find(db: &Snapshot<'_>, address: &BucketAddress) -> Result<Numbered> {
    let found = match address {
        BucketAddress::S3(name) => db.maybe(
            "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation
             FROM buckets WHERE name = ?1 AND registered = 1",
            [name],
            read_numbered,
        )?,
        BucketAddress::Owned(account, name) => db.maybe(
            "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation
             FROM buckets WHERE account = ?1 AND name = ?2",
            params![account, name],
            read_numbered,
        )?,
        BucketAddress::Id(id) => db.maybe(
            "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation
             FROM buckets WHERE id = ?1",
            [id],
            read_numbered,
        )?,
    };
    found.ok_or(Error::NoSuchBucket)
}

/// Buckets by id.
pub(super) fn page(db: &Snapshot<'_>, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
    let after = after.map(|id| id.0.to_vec()).unwrap_or_default();
    db.all(
        "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation
         FROM buckets WHERE id > ?1 ORDER BY id LIMIT ?2",
        params![after, limit],
        |row| Ok(read_numbered(row)?.record),
    )
}

fn read_numbered(row: &Row<'_>) -> rusqlite::Result<Numbered> {
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
    Ok(Numbered { nr: row.get(0)?, record })
}

pub(super) fn create(tx: &Tx<'_>, command: CreateBucket) -> Result<BucketRecord> {
    let holder = match find(tx, &BucketAddress::S3(command.name.clone())) {
        Ok(bucket) => Some(bucket.record),
        Err(Error::NoSuchBucket) => None,
        Err(error) => return Err(error),
    };
    let required = command.policy == NamePolicy::Required;
    if required && holder.as_ref().is_some_and(|holder| holder.account != command.account) {
        return Err(Error::NameTaken);
    }
    match find(tx, &BucketAddress::Owned(command.account.clone(), command.name.clone())) {
        // A container that could not have its name registered when it was made gets it when it is asked for again.
        Ok(own) if required && !own.record.registered => {
            tx.execute("UPDATE buckets SET registered = 1 WHERE nr = ?1", [own.nr])?;
            return Ok(BucketRecord { registered: true, ..own.record });
        }
        Ok(own) => return Err(Error::BucketExists(own.record.id)),
        Err(Error::NoSuchBucket) => {}
        Err(error) => return Err(error),
    }
    let record = BucketRecord {
        id: command.id,
        account: command.account,
        name: command.name,
        registered: holder.is_none() && command.policy != NamePolicy::Never,
        created: tx.now(),
        modified: tx.now(),
        versioning: Versioning::Off,
        metadata: command.metadata,
        settings_generation: first_generation(tx.now(), &command.settings),
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
    let Numbered { nr, mut record } = find(tx, &BucketAddress::Id(id))?;
    for change in changes {
        match change {
            BucketChange::Metadata(name, value) => merge(&mut record.metadata, [(name, value)]),
            // A bucket that kept versions once still holds them: it can only be suspended.
            BucketChange::Versioning(Versioning::Off) if record.versioning != Versioning::Off => {
                record.versioning = Versioning::Suspended;
            }
            BucketChange::Versioning(state) => record.versioning = state,
        }
    }
    record.modified = change::after(tx.now(), Some(record.modified));
    tx.execute(
        "UPDATE buckets SET modified = ?2, versioning = ?3, metadata = ?4 WHERE nr = ?1",
        params![nr, record.modified, record.versioning, to_json(&record.metadata)?],
    )?;
    Ok(record)
}

/// Parts of uploads that go in one step of a bucket's deletion: no other command waits for more.
const DISCARDED: usize = 10_000;

/// Deletes a bucket without objects and versions. Uploads do not keep it, as on S3: they go first, in steps. Tells whether
/// it is done.
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
        "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation FROM buckets
         WHERE account = ?1 AND name >= ?2 AND name < ?3 ORDER BY name DESC LIMIT ?4"
    } else {
        "SELECT nr, id, account, name, registered, created, modified, versioning, metadata, settings_generation FROM buckets
         WHERE account = ?1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4"
    };
    if query.limit == 0 {
        return Ok(BucketPage::default());
    }
    let limit = i64::from(query.limit);
    let mut found = db.all(sql, params![query.account, keys.from, keys.until, limit + 1], read_numbered)?;
    let truncated = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let rows = found.into_iter().map(|Numbered { nr, record }| {
        let usage = db.one(
            "SELECT 0, coalesce(sum(objects), 0), coalesce(sum(bytes), 0) FROM bucket_usage WHERE bucket = ?1",
            [nr],
            read_usage,
        )?;
        Ok(BucketRow { bucket: record, usage })
    });
    Ok(BucketPage { rows: rows.collect::<Result<_>>()?, truncated })
}
