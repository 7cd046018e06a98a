//! Settings of buckets.

use rusqlite::params;

use super::super::settings::{collect, next_generation};
use super::connection::{Snapshot, Tx};
use super::values::{Count, Name};
use crate::model::BucketId;
use crate::model::settings::SettingName;
use crate::storage::Error;
use crate::storage::index::{BucketSettings, Result};

pub(super) fn all(db: &Snapshot<'_>, id: BucketId) -> Result<BucketSettings> {
    let sql = "SELECT b.settings_generation, s.name, s.text
               FROM buckets b LEFT JOIN bucket_settings s ON s.bucket = b.nr WHERE b.id = ?1";
    let rows = db.all(sql, [id], |row| {
        let setting = match row.get::<_, Option<Name>>(1)? {
            Some(name) => Some((name.0, row.get(2)?)),
            None => None,
        };
        Ok((row.get::<_, Count>(0)?.0, setting))
    })?;
    collect(rows)
}

pub(super) fn put(tx: &Tx<'_>, id: BucketId, name: SettingName, text: Option<&str>) -> Result<u64> {
    let sql = "SELECT nr, settings_generation FROM buckets WHERE id = ?1";
    let found = tx.maybe(sql, [id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Count>(1)?.0)))?;
    let (nr, previous) = found.ok_or(Error::NoSuchBucket)?;
    match text {
        Some(text) => set(tx, nr, name, text)?,
        None if remove(tx, nr, name)? => {}
        // There was nothing to remove: what is cached stays right.
        None => return Ok(previous),
    }
    let generation = next_generation(tx.now(), previous);
    tx.execute("UPDATE buckets SET settings_generation = ?2 WHERE nr = ?1", params![nr, Count(generation)])?;
    Ok(generation)
}

/// Writes a setting of the bucket with this row. The caller moves the generation.
pub(super) fn set(tx: &Tx<'_>, bucket: i64, name: SettingName, text: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO bucket_settings (bucket, name, text, changed) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (bucket, name) DO UPDATE SET text = excluded.text, changed = excluded.changed",
        params![bucket, name.as_str().as_bytes(), text, tx.now()],
    )
    .map(|_| ())
}

/// Removes a setting. Returns whether the bucket had it.
fn remove(tx: &Tx<'_>, bucket: i64, name: SettingName) -> Result<bool> {
    let sql = "DELETE FROM bucket_settings WHERE bucket = ?1 AND name = ?2";
    tx.execute(sql, params![bucket, name.as_str().as_bytes()]).map(|removed| removed > 0)
}
