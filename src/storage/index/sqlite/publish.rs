//! Publishing a version. What it replaces is freed, and what it changes is counted, in the same transaction.

use rusqlite::params;

use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::values::{Count, to_json};
use super::versions::{self, Brief, CURRENT};
use super::{blobs, rewrap, writers};
use crate::model::{ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{Existing, PartRecord, Publish, Published, Result, Versioning};

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
    let facts = bucket_facts::find(tx, command.bucket)?;
    let latest = versions::latest(tx, facts.nr, &command.key, facts.versioning)?;
    versions::check(tx, &command.precondition, latest.as_ref())?;
    UnchangedVersions::new(tx).all(&command.unchanged)?;
    rewrap::rewrap(tx, &command.rewraps)?;

    let (created, id) = next(tx, &facts, latest.as_ref());
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // References are taken before any is dropped: an object may be replaced by a copy of itself.
    take(&command)?;
    make_room(tx, &facts, &command.key, latest.as_ref(), id)?;
    let version = insert_version(tx, &facts, &mut command, &envelope, id, created)?;
    store(&command, version)?;
    let replaced = count_replaced(tx, &facts, latest.as_ref(), command.size)?;
    Ok(Published { version_id: id, created, replaced })
}

/// The time and the id of a version that follows the latest.
pub(super) fn next(tx: &Tx<'_>, facts: &BucketFacts, latest: Option<&Brief>) -> (Timestamp, VersionId) {
    let created = change::after(tx.now(), latest.map(|latest| latest.modified));
    (created, versions::version_id(facts.versioning != Versioning::Enabled, created))
}

/// Counts an object of this size in the place of the one that was current, and tells which that was.
pub(super) fn count_replaced(
    tx: &Tx<'_>,
    facts: &BucketFacts,
    latest: Option<&Brief>,
    size: u64,
) -> Result<Option<Existing>> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    match latest.filter(|latest| !latest.marker) {
        Some(old) => {
            bucket_facts::count(tx, facts, 0, size - old.bytes())?;
            Ok(Some(Existing { version_id: old.id, mode: old.mode()? }))
        }
        None => bucket_facts::count(tx, facts, 1, size).map(|()| None),
    }
}

/// Clears the way for a new latest version: a null version replaces the one there was, any other follows the latest.
pub(super) fn make_room(
    tx: &Tx<'_>,
    facts: &BucketFacts,
    key: &ObjectKey,
    latest: Option<&Brief>,
    new: VersionId,
) -> Result<()> {
    let Some(latest) = latest else { return Ok(()) };
    if new == VersionId::Null {
        if latest.id == VersionId::Null {
            return versions::remove(tx, latest);
        }
        if let Some(old) = versions::old_null(tx, facts.nr, key)? {
            versions::remove(tx, &old)?;
        }
    }
    versions::demote(tx, latest)
}

fn insert_version(
    tx: &Tx<'_>,
    facts: &BucketFacts,
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
            facts.nr,
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
