//! Deleting objects and versions.

use rusqlite::params;

use super::super::brief::{Brief, HIDDEN, check, current};
use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::connection::Tx;
use super::versions;
use crate::model::{ObjectKey, VersionId};
use crate::storage::index::{Delete, Deleted, Result, Versioning};

pub(super) fn delete(tx: &Tx<'_>, command: &Delete) -> Result<Deleted> {
    let facts = bucket_facts::find(tx, command.bucket)?;
    let latest = versions::latest(tx, facts.nr, &command.key, facts.versioning)?;
    check(&command.precondition, latest.as_ref(), tx.now())?;
    match command.version {
        Some(id) => delete_version(tx, &facts, &command.key, id, latest.as_ref()),
        None if facts.versioning == Versioning::Off => delete_current(tx, &facts, latest.as_ref()),
        None => hide(tx, &facts, &command.key, latest.as_ref()),
    }
}

fn delete_current(tx: &Tx<'_>, facts: &BucketFacts, latest: Option<&Brief>) -> Result<Deleted> {
    let (removed, change) = change::hidden(latest, tx.now());
    if let Some(current) = latest {
        versions::remove(tx, current)?;
        bucket_facts::count(tx, facts, change)?;
    }
    Ok(Deleted { removed, ..Deleted::default() })
}

/// Adds a delete marker as the latest version. With versioning suspended it is a null version, and replaces
/// the null version that exists.
fn hide(tx: &Tx<'_>, facts: &BucketFacts, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let (created, id) = change::next(tx.now(), facts.versioning, latest);
    let (removed, change) = change::hidden(latest, tx.now());
    bucket_facts::count(tx, facts, change)?;
    versions::displace(tx, facts.nr, key, latest, id)?;
    tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5, 0, 0, '', x'', x'', x'', '{}')",
        params![facts.nr, key, HIDDEN, id == VersionId::Null, created],
    )?;
    Ok(Deleted { removed, marker: Some(id), ..Deleted::default() })
}

/// Removes one version for good. The newest version that remains becomes the latest.
fn delete_version(
    tx: &Tx<'_>,
    facts: &BucketFacts,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let Some(version) = versions::by_id(tx, facts.nr, key, id)? else {
        return Ok(Deleted { current: current(latest).map(|current| current.id), ..Deleted::default() });
    };
    versions::remove(tx, &version)?;
    let next = if version.latest { versions::newest_of_the_rest(tx, facts.nr, key)? } else { None };
    if let Some(next) = &next {
        versions::promote(tx, next)?;
    }
    let (deleted, change) = change::deleted(&version, latest, next.as_ref());
    bucket_facts::count(tx, facts, change)?;
    Ok(deleted)
}
