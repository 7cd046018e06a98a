//! Publishing a version. What it replaces is freed, and what it changes is counted, in the same transaction.

use rusqlite::params;

use super::super::brief::{CURRENT, check};
use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::values::{Count, to_json};
use super::{blobs, rewrap, versions, writers};
use crate::model::{Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{PartRecord, Publish, Published, Result};

pub(super) fn publish(tx: &Tx<'_>, command: Publish) -> Result<Published> {
    let new = |command: &Publish| blobs::take(tx, command.writer, &command.new_blobs, &command.version.parts);
    publish_with(tx, command, new, |command, version| insert_parts(tx, version, &command.version.parts))
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
    check(&command.precondition, latest.as_ref(), tx.now())?;
    UnchangedVersions::new(tx).all(&command.unchanged)?;
    rewrap::rewrap(tx, &command.rewraps)?;

    let (created, id) = change::next(tx.now(), facts.versioning, latest.as_ref());
    let envelope = (command.seal.0)(id).ok_or(Error::Seal)?;
    // References are taken before any is dropped: an object may be replaced by a copy of itself.
    take(&command)?;
    versions::displace(tx, facts.nr, &command.key, latest.as_ref(), id)?;
    let version = insert_version(tx, &facts, &mut command, &envelope, id, created)?;
    store(&command, version)?;
    let (replaced, change) = change::replaced(latest.as_ref(), command.version.size)?;
    bucket_facts::count(tx, &facts, change)?;
    Ok(Published { version_id: id, created, replaced })
}

fn insert_version(
    tx: &Tx<'_>,
    facts: &BucketFacts,
    command: &mut Publish,
    envelope: &[u8],
    id: VersionId,
    created: Timestamp,
) -> Result<i64> {
    let content_type = command.version.metadata.system.content_type.take();
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
            Count(command.version.size),
            command.version.mode,
            command.version.part_count,
            command.version.etag,
            content_type,
            command.version.uid,
            command.version.metadata.system.delete_at,
            command.version.digests,
            envelope,
            to_json(&command.version.metadata)?,
            command.version.manifest,
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
