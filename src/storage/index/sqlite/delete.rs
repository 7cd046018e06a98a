//! Deleting objects and versions.

use rusqlite::params;

use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::connection::Tx;
use super::publish::make_room;
use super::versions::{self, Brief, HIDDEN};
use crate::model::{ObjectKey, VersionId};
use crate::storage::index::{Delete, Deleted, Result, Versioning};

pub(super) fn delete(tx: &Tx<'_>, command: &Delete) -> Result<Deleted> {
    let facts = bucket_facts::find(tx, command.bucket)?;
    let latest = versions::latest(tx, facts.nr, &command.key, facts.versioning)?;
    versions::check(tx, &command.precondition, latest.as_ref())?;
    match command.version {
        Some(id) => delete_version(tx, &facts, &command.key, id, latest.as_ref()),
        None if facts.versioning == Versioning::Off => delete_current(tx, &facts, latest.as_ref()),
        None => hide(tx, &facts, &command.key, latest.as_ref()),
    }
}

fn delete_current(tx: &Tx<'_>, facts: &BucketFacts, latest: Option<&Brief>) -> Result<Deleted> {
    let Some(current) = latest else { return Ok(Deleted::default()) };
    let removed = seen(tx, current)?;
    versions::remove(tx, current)?;
    bucket_facts::count(tx, facts, -1, -current.bytes())?;
    Ok(Deleted { removed, ..Deleted::default() })
}

/// Puts a delete marker on top. With versioning suspended it is a null version and takes the place of the one there was.
fn hide(tx: &Tx<'_>, facts: &BucketFacts, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let created = change::after(tx.now(), latest.map(|latest| latest.modified));
    let id = versions::version_id(facts.versioning != Versioning::Enabled, created);
    let mut removed = None;
    if let Some(current) = latest.filter(|latest| !latest.marker) {
        removed = seen(tx, current)?;
        bucket_facts::count(tx, facts, -1, -current.bytes())?;
    }
    make_room(tx, facts, key, latest, id)?;
    tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5, 0, 0, '', x'', x'', x'', '{}')",
        params![facts.nr, key, HIDDEN, id == VersionId::Null, created],
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
    facts: &BucketFacts,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let mut current = latest.filter(|latest| !latest.marker).map(|latest| latest.id);
    let Some((version, was_latest)) = versions::by_id(tx, facts.nr, key, id)? else {
        return Ok(Deleted { current, ..Deleted::default() });
    };
    versions::remove(tx, &version)?;
    if was_latest {
        current = None;
        let (mut objects, mut bytes) = if version.marker { (0, 0) } else { (-1, -version.bytes()) };
        if let Some(next) = versions::newest_of_the_rest(tx, facts.nr, key)? {
            versions::promote(tx, &next)?;
            if !next.marker {
                current = Some(next.id);
                objects += 1;
                bytes += next.bytes();
            }
        }
        bucket_facts::count(tx, facts, objects, bytes)?;
    }
    Ok(Deleted { removed: Some(version.id), marker: None, was_marker: version.marker, current })
}
