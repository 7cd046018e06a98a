//! The commands that change objects. Whatever a command replaces it frees, and whatever it changes it counts, in the
//! same transaction.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::params;

use super::SqliteIndex;
use super::buckets::{self, Place};
use super::connection::Tx;
use super::standing::Standing;
use super::values::{Count, to_json};
use super::versions::{self, Brief, CURRENT, HIDDEN, Inline};
use super::{blobs, listing, restore, rewrap, version_listing, writers};
use crate::model::{BlobId, BucketId, ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Delete, Deleted, Existing, ListObjects, ListVersions, NumberedPart,
    ObjectPage, Objects, PartRecord, Publish, Published, Restore, Result, Rewrap, Unchanged, UpdateMetadata,
    VersionPage, VersionRecord, Versioning,
};

#[async_trait]
impl Objects for SqliteIndex {
    async fn publish(&self, command: Publish) -> Result<Published> {
        self.writer()?.run(move |tx| publish(tx, command)).await
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)> {
        let (address, key) = (bucket.clone(), key.clone());
        self.readers
            .snapshot(move |db| {
                let bucket = buckets::find(db, &address)?;
                let found =
                    versions::find(db, bucket.nr, &key, version, bucket.record.versioning, Inline::Load);
                Ok((bucket.record, found))
            })
            .await
    }

    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>> {
        self.readers.snapshot(move |db| Ok(versions::find_many(db, &keys))).await
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        self.readers.statement(move |db| blobs::inline(db, blob)).await
    }

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        self.readers.snapshot(move |db| versions::numbered_parts(db, &version, after, limit)).await
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        self.writer()?.run(move |tx| update_metadata(tx, command)).await
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        self.writer()?.run(move |tx| restore::restore(tx, command)).await
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        self.writer()?.run(move |tx| rewrap::rewrap(tx, &rewraps)).await
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        self.writer()?.run(move |tx| delete(tx, &command)).await
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        self.readers.snapshot(move |db| listing::list(db, &query)).await
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        self.readers.snapshot(move |db| version_listing::list(db, &query)).await
    }
}

pub(super) fn publish(tx: &Tx<'_>, command: Publish) -> Result<Published> {
    let new = |command: &Publish| blobs::take(tx, command.writer, &command.new_blobs, &command.parts);
    publish_with(tx, command, new, |command, version| insert_parts(tx, version, &command.parts))
}

/// Publishes a version whose references come by `take` and are written by `store`.
pub(super) fn publish_with(
    tx: &Tx<'_>,
    mut command: Publish,
    take: impl FnOnce(&Publish) -> Result<()>,
    store: impl FnOnce(&Publish, i64) -> Result<()>,
) -> Result<Published> {
    writers::assert_alive(tx, command.writer)?;
    let place = buckets::place(tx, command.bucket)?;
    let latest = versions::latest(tx, place.nr, &command.key, place.versioning)?;
    versions::check(tx, &command.precondition, latest.as_ref())?;
    Standing::new(tx).all(&command.unchanged)?;
    rewrap::rewrap(tx, &command.rewraps)?;

    let (created, id) = next(tx, &place, latest.as_ref());
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // References are taken before any is dropped: an object may be replaced by a copy of itself.
    take(&command)?;
    make_room(tx, &place, &command.key, latest.as_ref(), id)?;
    let version = insert_version(tx, &place, &mut command, &envelope, id, created)?;
    store(&command, version)?;
    let replaced = count_replaced(tx, &place, latest.as_ref(), command.size)?;
    Ok(Published { version_id: id, created, replaced })
}

/// The time and the id of a version that follows the latest.
pub(super) fn next(tx: &Tx<'_>, place: &Place, latest: Option<&Brief>) -> (Timestamp, VersionId) {
    let created = buckets::after(tx, latest.map(|latest| latest.modified));
    (created, versions::version_id(place.versioning != Versioning::Enabled, created))
}

/// Counts an object of this size in the place of the one that was current, and tells which that was.
pub(super) fn count_replaced(
    tx: &Tx<'_>,
    place: &Place,
    latest: Option<&Brief>,
    size: u64,
) -> Result<Option<Existing>> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    match latest.filter(|latest| !latest.marker) {
        Some(old) => {
            buckets::count(tx, place, 0, size - old.bytes())?;
            Ok(Some(Existing { version_id: old.id, mode: old.mode()? }))
        }
        None => buckets::count(tx, place, 1, size).map(|()| None),
    }
}

/// Clears the way for a new latest version: a null version replaces the one there was, any other follows the latest.
pub(super) fn make_room(
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

fn insert_version(
    tx: &Tx<'_>,
    place: &Place,
    command: &mut Publish,
    envelope: &[u8],
    id: VersionId,
    created: Timestamp,
) -> Result<i64> {
    let content_type = command.metadata.system.content_type.take();
    tx.insert(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, part_count, etag,
             content_type, uid, expires, digests, envelope, metadata, manifest)
         VALUES (?1, ?2, ?3, 0, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            place.nr,
            command.key,
            CURRENT,
            id == VersionId::Null,
            created,
            Count(command.size),
            command.mode,
            command.part_count,
            command.etag,
            content_type,
            command.uid,
            command.metadata.system.delete_at,
            command.digests,
            envelope,
            to_json(&command.metadata)?,
            command.manifest,
        ],
    )
}

fn insert_parts(tx: &Tx<'_>, version: i64, parts: &[PartRecord]) -> Result<()> {
    let mut insert = tx.prepare(
        "INSERT INTO parts (version, seq, blob, start, length, wrapped_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (seq, part) in (0_i64..).zip(parts) {
        insert.execute(params![
            version,
            seq,
            part.blob,
            Count(part.offset),
            Count(part.length),
            part.wrapped_key
        ])?;
    }
    Ok(())
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
