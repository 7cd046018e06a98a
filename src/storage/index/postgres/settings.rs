//! Settings of buckets.

use super::super::settings::{collect, next_generation};
use super::locks;
use super::transaction::{Snapshot, Tx};
use super::values::{Count, Name};
use crate::model::BucketId;
use crate::model::settings::SettingName;
use crate::storage::Error;
use crate::storage::index::{BucketSettings, Result};

pub(super) async fn all(db: &Snapshot, id: BucketId) -> Result<BucketSettings> {
    let sql = "SELECT b.settings_generation, s.name, s.text
               FROM buckets b LEFT JOIN bucket_settings s ON s.bucket = b.nr WHERE b.id = $1";
    let rows = db.all(sql, &[&id]).await?;
    let rows = rows.iter().map(|row| {
        let setting = match row.try_get::<_, Option<Name>>(1)? {
            Some(name) => Some((name.0, row.try_get(2)?)),
            None => None,
        };
        Ok((row.try_get::<_, Count>(0)?.0, setting))
    });
    collect(rows.collect::<Result<Vec<_>>>()?)
}

/// No command on the bucket's objects runs meanwhile, so the settings that a command has read hold in its
/// commit.
pub(super) async fn put(tx: &Tx, id: BucketId, name: SettingName, text: Option<&str>) -> Result<u64> {
    locks::bucket_alone(tx, id).await?;
    let found = tx.maybe("SELECT nr, settings_generation FROM buckets WHERE id = $1", &[&id]).await?;
    let row = found.ok_or(Error::NoSuchBucket)?;
    let (nr, previous): (i64, Count) = (row.try_get(0)?, row.try_get(1)?);
    match text {
        Some(text) => set(tx, nr, name, text).await?,
        None if remove(tx, nr, name).await? => {}
        // There was nothing to remove: what is cached stays right.
        None => return Ok(previous.0),
    }
    let generation = next_generation(tx.now(), previous.0);
    let sql = "UPDATE buckets SET settings_generation = $2 WHERE nr = $1";
    tx.execute(sql, &[&nr, &Count(generation)]).await?;
    Ok(generation)
}

/// Writes a setting of the bucket with this row. The caller moves the generation.
pub(super) async fn set(tx: &Tx, bucket: i64, name: SettingName, text: &str) -> Result<()> {
    let sql = "INSERT INTO bucket_settings (bucket, name, text, changed) VALUES ($1, $2, $3, $4)
               ON CONFLICT (bucket, name) DO UPDATE SET text = excluded.text, changed = excluded.changed";
    tx.execute(sql, &[&bucket, &name.as_str().as_bytes(), &text, &tx.now()]).await.map(|_| ())
}

/// Removes a setting. Returns whether the bucket had it.
async fn remove(tx: &Tx, bucket: i64, name: SettingName) -> Result<bool> {
    let sql = "DELETE FROM bucket_settings WHERE bucket = $1 AND name = $2";
    tx.execute(sql, &[&bucket, &name.as_str().as_bytes()]).await.map(|removed| removed > 0)
}
