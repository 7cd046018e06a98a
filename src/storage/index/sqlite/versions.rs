//! The rows of the versions under a key, of which exactly one is the latest.

use rusqlite::{Row, params};

use super::super::brief::{Brief, OLD, brief, version_id};
use super::super::change::Displaced;
use super::blobs;
use super::connection::{Snapshot, Tx};
use super::values::Count;
use crate::model::{ObjectKey, VersionId};
use crate::storage::index::{Result, Versioning};

/// Reads the columns of a brief.
fn read(row: &Row<'_>) -> rusqlite::Result<Brief> {
    let created = row.get(4)?;
    Ok(Brief {
        nr: row.get(0)?,
        marker: row.get(1)?,
        latest: row.get::<_, i64>(2)? != OLD,
        id: version_id(row.get(3)?, created),
        created,
        modified: row.get(5)?,
        size: row.get::<_, Count>(6)?.0,
        mode: row.get(7)?,
        expires: row.get(8)?,
        etag: row.get(9)?,
        uid: row.get(10)?,
    })
}

/// The latest version of a key: the current object or a delete marker. If versioning was never enabled, there
/// are no markers to look for.
pub(super) fn latest(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    versioning: Versioning,
) -> Result<Option<Brief>> {
    let current = brief!("FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state = 1");
    let found = db.maybe(current, params![bucket, key], read)?;
    if found.is_some() || versioning == Versioning::Off {
        return Ok(found);
    }
    newest_of_the_rest(db, bucket, key)
}

/// The newest version of a key that has no current object.
pub(super) fn newest_of_the_rest(db: &Snapshot<'_>, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let rest = brief!(
        "FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state <> 1 ORDER BY v.created DESC LIMIT 1"
    );
    db.maybe(rest, params![bucket, key], read)
}

/// The null version of a key whose latest version is another.
pub(super) fn old_null(db: &Snapshot<'_>, bucket: i64, key: &ObjectKey) -> Result<Option<Brief>> {
    let sql = brief!("FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state <> 1 AND v.null_id = 1");
    db.maybe(sql, params![bucket, key], read)
}

/// Makes way for a new latest version.
pub(super) fn displace(
    tx: &Tx<'_>,
    bucket: i64,
    key: &ObjectKey,
    latest: Option<&Brief>,
    new: VersionId,
) -> Result<()> {
    let old_null =
        if Displaced::needs_old_null(latest, new) { self::old_null(tx, bucket, key)? } else { None };
    let displaced = Displaced::by(new, latest, old_null);
    if let Some(version) = &displaced.removed {
        remove(tx, version)?;
    }
    if let Some(nr) = displaced.demoted {
        tx.execute("UPDATE versions SET state = ?2 WHERE nr = ?1", [nr, OLD])?;
    }
    Ok(())
}

/// Makes an old version the latest one.
pub(super) fn promote(tx: &Tx<'_>, version: &Brief) -> Result<()> {
    tx.execute("UPDATE versions SET state = ?2 WHERE nr = ?1", [version.nr, version.state_as_latest()])
        .map(|_| ())
}

/// Removes a version and drops its references.
pub(super) fn remove(tx: &Tx<'_>, version: &Brief) -> Result<()> {
    if !version.marker {
        blobs::drop_parts(tx, version.nr)?;
        tx.execute("DELETE FROM version_parts WHERE version = ?1", [version.nr])?;
    }
    tx.execute("DELETE FROM versions WHERE nr = ?1", [version.nr]).map(|_| ())
}

/// Finds a version by its public id. The current object and the other versions of a key are in two indexes.
pub(super) fn by_id(db: &Snapshot<'_>, bucket: i64, key: &ObjectKey, id: VersionId) -> Result<Option<Brief>> {
    match id {
        VersionId::Null => {
            let current = brief!(
                "FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state = 1 AND v.null_id = 1"
            );
            match db.maybe(current, params![bucket, key], read)? {
                Some(found) => Ok(Some(found)),
                None => old_null(db, bucket, key),
            }
        }
        VersionId::At(created) => {
            let current = brief!(
                "FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state = 1 AND v.null_id = 0 AND v.created = ?3"
            );
            let rest = brief!(
                "FROM versions v WHERE v.bucket = ?1 AND v.key = ?2 AND v.state <> 1 AND v.null_id = 0 AND v.created = ?3"
            );
            match db.maybe(current, params![bucket, key, created], read)? {
                Some(found) => Ok(Some(found)),
                None => db.maybe(rest, params![bucket, key, created], read),
            }
        }
    }
}
