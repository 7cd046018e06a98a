//! The rows of the versions under a key, of which exactly one is the latest.

use rusqlite::{Row, params};

use super::blobs;
use super::connection::{Snapshot, Tx};
use super::values::Count;
use crate::model::{EncryptionMode, ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{Precondition, Result, Versioning};

/// `state` of a version that is not the latest.
pub(super) const OLD: i64 = 0;
/// `state` of the current object: the latest version, and not a delete marker.
pub(super) const CURRENT: i64 = 1;
/// `state` of a delete marker that is the latest version.
pub(super) const HIDDEN: i64 = 2;

/// What the commands need of a version's row.
#[derive(Debug)]
pub(super) struct Brief {
    pub(super) nr: i64,
    pub(super) marker: bool,
    pub(super) id: VersionId,
    pub(super) modified: Timestamp,
    pub(super) size: u64,
    mode: i64,
    etag: String,
}

impl Brief {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            nr: row.get(0)?,
            marker: row.get(1)?,
            id: version_id(row.get(2)?, row.get(3)?),
            modified: row.get(4)?,
            size: row.get::<_, Count>(5)?.0,
            mode: row.get(6)?,
            etag: row.get(7)?,
        })
    }

    /// The mode of an object; a delete marker has none.
    pub(super) fn mode(&self) -> Result<EncryptionMode> {
        u8::try_from(self.mode)
            .ok()
            .and_then(EncryptionMode::from_code)
            .ok_or_else(|| Error::Damaged(format!("encryption mode {}", self.mode)))
    }

    /// Its size as a change of the usage counters.
    pub(super) fn bytes(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

/// The public id that a row's columns say.
pub(super) fn version_id(null: bool, created: Timestamp) -> VersionId {
    if null { VersionId::Null } else { VersionId::At(created) }
}

/// The latest version of a key: the current object or a delete marker. Where versioning was never enabled there are no
/// markers to look for.
pub(super) fn latest(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    versioning: Versioning,
) -> Result<Option<Brief>> {
    let current = "SELECT nr, 0, null_id, created, modified, size, mode, etag FROM versions
                   WHERE bucket = ?1 AND key = ?2 AND state = 1";
    let found = db.maybe(current, params![bucket, key], Brief::read)?;
    if found.is_some() || versioning == Versioning::Off {
        return Ok(found);
    }
    newest_of_the_rest(db, bucket, key)
}

/// The newest version of a key that has no current object.
pub(super) fn newest_of_the_rest(db: &Snapshot<'_>, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let rest = "SELECT nr, marker, null_id, created, modified, size, mode, etag FROM versions
                WHERE bucket = ?1 AND key = ?2 AND state <> 1 ORDER BY created DESC LIMIT 1";
    db.maybe(rest, params![bucket, key], Brief::read)
}

/// The null version of a key whose latest version is another.
pub(super) fn old_null(db: &Snapshot<'_>, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let sql = "SELECT nr, marker, null_id, created, modified, size, mode, etag FROM versions
               WHERE bucket = ?1 AND key = ?2 AND state <> 1 AND null_id = 1";
    db.maybe(sql, params![bucket, key], Brief::read)
}

/// Evaluates a precondition against the latest version of the key. An object that has expired is none.
pub(super) fn check(tx: &Tx<'_>, precondition: &Precondition, latest: Option<&Brief>) -> Result<()> {
    if *precondition == Precondition::None {
        return Ok(());
    }
    let current = match latest.filter(|version| !version.marker) {
        Some(version) if is_expired(tx, version)? => None,
        current => current,
    };
    match (precondition, current) {
        (Precondition::None, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => Ok(()),
        (Precondition::Etag(tags), Some(version)) if tags.contains(&version.etag) => Ok(()),
        (Precondition::Etag(_), None) => Err(no_such_object(latest)),
        (Precondition::Absent | Precondition::Etag(_), Some(_)) | (Precondition::Present, None) => {
            Err(Error::PreconditionFailed)
        }
    }
}

pub(super) fn is_expired(tx: &Tx<'_>, version: &Brief) -> Result<bool> {
    let sql = "SELECT 1 FROM versions WHERE nr = ?1 AND expires <= ?2";
    tx.exists(sql, [version.nr, tx.now().seconds_floor()])
}

/// Nothing answers for the key, unless a delete marker does.
pub(super) fn no_such_object(latest: Option<&Brief>) -> Error {
    Error::NoSuchObject { marker: latest.filter(|version| version.marker).map(|version| version.id) }
}

/// Makes the latest version an old one.
pub(super) fn demote(tx: &Tx<'_>, latest: &Brief) -> Result<()> {
    tx.execute("UPDATE versions SET state = ?2 WHERE nr = ?1", [latest.nr, OLD]).map(|_| ())
}

/// Makes an old version the latest one.
pub(super) fn promote(tx: &Tx<'_>, version: &Brief) -> Result<()> {
    let state = if version.marker { HIDDEN } else { CURRENT };
    tx.execute("UPDATE versions SET state = ?2 WHERE nr = ?1", [version.nr, state]).map(|_| ())
}

/// Removes a version and drops its references.
pub(super) fn remove(tx: &Tx<'_>, version: &Brief) -> Result<()> {
    if !version.marker {
        blobs::drop_parts(tx, version.nr)?;
        tx.execute("DELETE FROM version_parts WHERE version = ?1", [version.nr])?;
    }
    tx.execute("DELETE FROM versions WHERE nr = ?1", [version.nr]).map(|_| ())
}

/// Finds a version by its public id.
pub(super) fn by_id(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    id: VersionId,
) -> Result<Option<(Brief, bool)>> {
    let read = |row: &Row<'_>| Ok((Brief::read(row)?, row.get::<_, i64>(8)? != OLD));
    match id {
        VersionId::Null => {
            let current =
                "SELECT nr, marker, null_id, created, modified, size, mode, etag, state FROM versions
                           WHERE bucket = ?1 AND key = ?2 AND state = 1 AND null_id = 1";
            let rest = "SELECT nr, marker, null_id, created, modified, size, mode, etag, state FROM versions
                        WHERE bucket = ?1 AND key = ?2 AND state <> 1 AND null_id = 1";
            match db.maybe(current, params![bucket, key], read)? {
                Some(found) => Ok(Some(found)),
                None => db.maybe(rest, params![bucket, key], read),
            }
        }
        VersionId::At(created) => {
            let current =
                "SELECT nr, marker, null_id, created, modified, size, mode, etag, state FROM versions
                           WHERE bucket = ?1 AND key = ?2 AND state = 1 AND null_id = 0 AND created = ?3";
            let rest = "SELECT nr, marker, null_id, created, modified, size, mode, etag, state FROM versions
                        WHERE bucket = ?1 AND key = ?2 AND state <> 1 AND null_id = 0 AND created = ?3";
            match db.maybe(current, params![bucket, key, created], read)? {
                Some(found) => Ok(Some(found)),
                None => db.maybe(rest, params![bucket, key, created], read),
            }
        }
    }
}

/// When a version was made, if it stands.
pub(super) fn created(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    id: VersionId,
) -> Result<Option<Timestamp>> {
    let Some((brief, _)) = by_id(db, bucket, key, id)? else { return Ok(None) };
    db.maybe("SELECT created FROM versions WHERE nr = ?1", [brief.nr], |row| row.get(0))
}
