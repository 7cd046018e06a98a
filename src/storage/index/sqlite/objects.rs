//! The commands that change objects. Whatever a command replaces it frees, and whatever it changes it counts, in the
//! same transaction.

use rusqlite::params;

use super::buckets::{self, Place};
use super::connection::Tx;
use super::values::{Count, to_json};
use super::versions::{self, Brief, CURRENT, HIDDEN};
use super::{blobs, install};
use crate::model::{ObjectKey, ObjectMetadata, Timestamp, VersionId, VersionUid};
use crate::storage::Error;
use crate::storage::index::{
    Delete, Deleted, Existing, PartRecord, Publish, Published, Result, UpdateMetadata, Versioning,
};

pub(super) fn publish(tx: &Tx<'_>, command: Publish) -> Result<Published> {
    install::assert_alive(tx, command.writer)?;
    let place = buckets::place(tx, command.bucket)?;
    let latest = versions::latest(tx, place.nr, &command.key, place.versioning)?;
    versions::check(tx, &command.precondition, latest.as_ref())?;

    let created = buckets::after(tx, latest.as_ref().map(|latest| latest.modified));
    let id = versions::version_id(place.versioning != Versioning::Enabled, created);
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // References are taken before any is dropped: an object may be replaced by a copy of itself.
    blobs::take(tx, command.writer, &command.new_blobs, &command.parts)?;
    make_room(tx, &place, &command.key, latest.as_ref(), id)?;

    let row = NewVersion {
        uid: command.uid,
        size: command.size,
        mode: command.mode.code(),
        etag: &command.etag,
        part_count: command.part_count,
        digests: &command.digests,
        envelope: &envelope,
        metadata: command.metadata,
        parts: &command.parts,
    };
    row.insert(tx, &place, &command.key, id, created)?;

    let current = latest.filter(|latest| !latest.marker);
    let size = i64::try_from(command.size).unwrap_or(i64::MAX);
    let (objects, bytes) = current.as_ref().map_or((1, size), |old| (0, size - old.bytes()));
    buckets::count(tx, &place, objects, bytes)?;
    let replaced = match &current {
        Some(old) => Some(Existing { version_id: old.id, mode: old.mode()? }),
        None => None,
    };
    Ok(Published { version_id: id, created, replaced })
}

/// Clears the way for a new latest version: a null version replaces the one there was, any other follows the latest.
fn make_room(
    tx: &Tx<'_>,
    place: &Place,
    key: &ObjectKey,
    latest: Option<&Brief>,
    new: VersionId,
) -> Result<()> {
    let Some(latest) = latest else { return Ok(()) };
    if new == VersionId::Null {
        if latest.id == VersionId::Null {
            return versions::remove(tx, latest);
        }
        if let Some(old) = versions::old_null(tx, place.nr, key)? {
            versions::remove(tx, &old)?;
        }
    }
    versions::demote(tx, latest)
}

struct NewVersion<'a> {
    uid: VersionUid,
    size: u64,
    mode: u8,
    etag: &'a str,
    part_count: Option<u32>,
    digests: &'a [u8],
    envelope: &'a [u8],
    metadata: ObjectMetadata,
    parts: &'a [PartRecord],
}

impl NewVersion<'_> {
    fn insert(
        mut self,
        tx: &Tx<'_>,
        place: &Place,
        key: &ObjectKey,
        id: VersionId,
        created: Timestamp,
    ) -> Result<()> {
        let content_type = self.metadata.system.content_type.take();
        let nr = tx.insert(
            "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count, etag,
                 content_type, uid, expires, digests, envelope, metadata)
             VALUES (?1, ?2, ?3, 0, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                place.nr,
                key,
                CURRENT,
                id == VersionId::Null,
                created,
                Count(self.size),
                self.mode,
                self.part_count,
                self.etag,
                content_type,
                self.uid,
                self.metadata.system.delete_at,
                self.digests,
                self.envelope,
                to_json(&self.metadata)?,
            ],
        )?;
        for (seq, part) in (0_i64..).zip(self.parts) {
            tx.execute(
                "INSERT INTO parts (version, seq, blob, start, length, wrapped_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![nr, seq, part.blob, Count(part.offset), Count(part.length), part.wrapped_key],
            )?;
        }
        Ok(())
    }
}

pub(super) fn update_metadata(tx: &Tx<'_>, mut command: UpdateMetadata) -> Result<Timestamp> {
    let place = buckets::place(tx, command.bucket)?;
    let latest = versions::latest(tx, place.nr, &command.key, place.versioning)?;
    let Some(current) = latest.as_ref().filter(|latest| !latest.marker) else {
        return Err(versions::no_such_object(latest.as_ref()));
    };
    let modified = buckets::after(tx, Some(current.modified));
    let content_type = command.metadata.system.content_type.take();
    let updated = tx.execute(
        "UPDATE versions SET modified = ?3, content_type = ?4, expires = ?5, metadata = ?6 WHERE nr = ?1 AND uid = ?2",
        params![
            current.nr,
            command.uid,
            modified,
            content_type,
            command.metadata.system.delete_at,
            to_json(&command.metadata)?,
        ],
    )?;
    if updated == 1 { Ok(modified) } else { Err(Error::Changed) }
}

pub(super) fn delete(tx: &Tx<'_>, command: &Delete) -> Result<Deleted> {
    let place = buckets::place(tx, command.bucket)?;
    let latest = versions::latest(tx, place.nr, &command.key, place.versioning)?;
    versions::check(tx, &command.precondition, latest.as_ref())?;
    match command.version {
        Some(id) => delete_version(tx, &place, &command.key, id, latest.as_ref()),
        None if place.versioning == Versioning::Off => delete_current(tx, &place, latest.as_ref()),
        None => hide(tx, &place, &command.key, latest.as_ref()),
    }
}

fn delete_current(tx: &Tx<'_>, place: &Place, latest: Option<&Brief>) -> Result<Deleted> {
    let Some(current) = latest else { return Ok(Deleted::default()) };
    let removed = seen(tx, current)?;
    versions::remove(tx, current)?;
    buckets::count(tx, place, -1, -current.bytes())?;
    Ok(Deleted { removed, ..Deleted::default() })
}

/// Puts a delete marker on top. With versioning suspended it is a null version and takes the place of the one there was.
fn hide(tx: &Tx<'_>, place: &Place, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let created = buckets::after(tx, latest.map(|latest| latest.modified));
    let id = versions::version_id(place.versioning != Versioning::Enabled, created);
    let mut removed = None;
    if let Some(current) = latest.filter(|latest| !latest.marker) {
        removed = seen(tx, current)?;
        buckets::count(tx, place, -1, -current.bytes())?;
    }
    make_room(tx, place, key, latest, id)?;
    tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5, 0, 0, '', x'', x'', x'', '{}')",
        params![place.nr, key, HIDDEN, id == VersionId::Null, created],
    )?;
    Ok(Deleted { removed, marker: Some(id), ..Deleted::default() })
}

/// What a delete removes for its caller: what has expired was gone already.
fn seen(tx: &Tx<'_>, version: &Brief) -> Result<Option<VersionId>> {
    Ok((!versions::is_expired(tx, version)?).then_some(version.id))
}

/// Removes one version for good. The newest of those that stay becomes the latest.
fn delete_version(
    tx: &Tx<'_>,
    place: &Place,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let mut current = latest.filter(|latest| !latest.marker).map(|latest| latest.id);
    let Some((version, was_latest)) = versions::by_id(tx, place.nr, key, id)? else {
        return Ok(Deleted { current, ..Deleted::default() });
    };
    versions::remove(tx, &version)?;
    if was_latest {
        current = None;
        let (mut objects, mut bytes) = if version.marker { (0, 0) } else { (-1, -version.bytes()) };
        if let Some(next) = versions::newest_of_the_rest(tx, place.nr, key)? {
            versions::promote(tx, &next)?;
            if !next.marker {
                current = Some(next.id);
                objects += 1;
                bytes += next.bytes();
            }
        }
        buckets::count(tx, place, objects, bytes)?;
    }
    Ok(Deleted { removed: Some(version.id), marker: None, was_marker: version.marker, current })
}
