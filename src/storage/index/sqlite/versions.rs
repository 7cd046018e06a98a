//! The versions under a key: reading them, and keeping exactly one of them the latest.

use bytes::Bytes;
use rusqlite::{Row, params};

use super::blobs;
use super::buckets::{self, Place};
use super::connection::{Snapshot, Tx};
use super::standing::Standing;
use super::values::{Count, parse};
use crate::model::{BucketId, EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    NumberedPart, PartRecord, Precondition, Result, Unchanged, VersionRecord, Versioning,
};

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

/// Reads a version whole, or says that nothing (or a delete marker) answers.
pub(super) fn find(
    db: &Snapshot<'_>,
    bucket: i64,
    key: &ObjectKey,
    version: Option<VersionId>,
    versioning: Versioning,
    inline: Inline,
) -> Result<VersionRecord> {
    let found = match version {
        None => db.maybe(
            "SELECT nr, null_id, created, modified, size, mode, part_count, etag, content_type, uid, digests, envelope,
                    metadata, manifest
             FROM versions WHERE bucket = ?1 AND key = ?2 AND state = 1",
            params![bucket, key],
            |row| read_version(row, key),
        )?,
        Some(id) => match by_id(db, bucket, key, id)? {
            Some((brief, _)) if brief.marker => return Err(no_such_object(Some(&brief))),
            Some((brief, _)) => db.maybe(
                "SELECT nr, null_id, created, modified, size, mode, part_count, etag, content_type, uid, digests,
                        envelope, metadata, manifest
                 FROM versions WHERE nr = ?1",
                [brief.nr],
                |row| read_version(row, key),
            )?,
            None => None,
        },
    };
    match found {
        Some((nr, mut record)) => {
            record.parts = parts(db, nr, inline)?;
            Ok(record)
        }
        None if version.is_none() && versioning != Versioning::Off => {
            Err(no_such_object(newest_of_the_rest(db, bucket, key)?.as_ref()))
        }
        None => Err(Error::NoSuchObject { marker: None }),
    }
}

fn read_version(row: &Row<'_>, key: &ObjectKey) -> rusqlite::Result<(i64, VersionRecord)> {
    let created = row.get(2)?;
    let mut metadata: ObjectMetadata = parse(row.get_ref(12)?.as_str()?)?;
    metadata.system.content_type = row.get(8)?;
    let record = VersionRecord {
        key: key.clone(),
        uid: row.get(9)?,
        version_id: version_id(row.get(1)?, created),
        created,
        modified: row.get(3)?,
        size: row.get::<_, Count>(4)?.0,
        mode: row.get(5)?,
        etag: row.get(7)?,
        part_count: row.get(6)?,
        digests: row.get(10)?,
        metadata,
        envelope: row.get(11)?,
        parts: Vec::new(),
        manifest: row.get(13)?,
    };
    Ok((row.get(0)?, record))
}

/// Finds the current objects under many keys.
pub(super) fn find_many(db: &Snapshot<'_>, keys: &[(BucketId, ObjectKey)]) -> Vec<Result<VersionRecord>> {
    let mut known: Option<(BucketId, Place)> = None;
    let find_one = |(bucket, key): &(BucketId, ObjectKey)| {
        let place = match known.take() {
            Some((id, place)) if id == *bucket => place,
            _ => buckets::place(db, *bucket)?,
        };
        let (_, place) = known.insert((*bucket, place));
        find(db, place.nr, key, None, place.versioning, Inline::Leave)
    };
    keys.iter().map(find_one).collect()
}

/// The numbered parts of a version that must stand as it was read.
pub(super) fn numbered_parts(
    db: &Snapshot<'_>,
    version: &Unchanged,
    after: u32,
    limit: u32,
) -> Result<Vec<NumberedPart>> {
    let (nr, _) = Standing::new(db).find(version)?;
    let sql = "SELECT number, size, digests FROM version_parts
               WHERE version = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    db.all(sql, params![nr, after, limit], |row| {
        Ok(NumberedPart { number: row.get(0)?, size: row.get::<_, Count>(1)?.0, digests: row.get(2)? })
    })
}

/// Whether blobs that live in the index are read with the version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Inline {
    /// They are, of a version of few parts and bytes.
    Load,
    /// Only that they live there is told, by no bytes.
    Leave,
}

/// No more than four parts and 64 KiB: an object may have thousands, which are asked for one by one then.
const PARTS: &str = "SELECT p.blob, p.start, p.length, p.wrapped_key, b.header, b.length,
    CASE WHEN b.inline IS NOT NULL THEN coalesce(
        CASE WHEN (SELECT max(seq) FROM parts WHERE version = ?1) < min(4, 65536 / max(b.length, 1))
            THEN (SELECT bytes FROM inline_blobs WHERE nr = b.inline) END, x'') END
    FROM parts p JOIN blobs b ON b.id = p.blob WHERE p.version = ?1 ORDER BY p.seq";
const PARTS_WITHOUT_BYTES: &str = "SELECT p.blob, p.start, p.length, p.wrapped_key, b.header, b.length,
    CASE WHEN b.inline IS NOT NULL THEN x'' END
    FROM parts p JOIN blobs b ON b.id = p.blob WHERE p.version = ?1 ORDER BY p.seq";

fn parts(db: &Snapshot<'_>, version: i64, inline: Inline) -> Result<Vec<PartRecord>> {
    let sql = match inline {
        Inline::Load => PARTS,
        Inline::Leave => PARTS_WITHOUT_BYTES,
    };
    db.all(sql, [version], |row| {
        Ok(PartRecord {
            blob: row.get(0)?,
            offset: row.get::<_, Count>(1)?.0,
            length: row.get::<_, Count>(2)?.0,
            wrapped_key: row.get(3)?,
            header: row.get(4)?,
            blob_length: row.get::<_, Count>(5)?.0,
            inline: row.get_ref(6)?.as_blob_or_null()?.map(Bytes::copy_from_slice),
        })
    })
}
