//! Deleting objects and versions.

use futures_util::future::{join, join3};

use super::bucket_facts::{self, BucketFacts};
use super::locks;
use super::publish::Change;
use super::transaction::{Params, Tx};
use super::values::Flag;
use super::versions::{self, Brief, HIDDEN};
use crate::model::{ObjectKey, VersionId};
use crate::storage::index::{Delete, Deleted, Result, Versioning};

pub(super) async fn delete(tx: &Tx, command: &Delete) -> Result<Deleted> {
    let (bucket, key) = (command.bucket, &command.key);
    let (locked, facts, latest) = join3(
        locks::for_key(tx, bucket, key),
        bucket_facts::find(tx, bucket),
        versions::latest(tx, bucket, key),
    )
    .await;
    locked?;
    let (facts, latest) = (facts?, latest?);
    versions::check(tx, &command.precondition, latest.as_ref())?;
    match command.version {
        Some(id) => delete_version(tx, &facts, key, id, latest.as_ref()).await,
        None if facts.versioning == Versioning::Off => delete_current(tx, &facts, latest.as_ref()).await,
        None => hide(tx, &facts, key, latest.as_ref()).await,
    }
}

async fn delete_current(tx: &Tx, facts: &BucketFacts, latest: Option<&Brief>) -> Result<Deleted> {
    let Some(current) = latest else { return Ok(Deleted::default()) };
    let (gone, counted) =
        join(versions::remove(tx, current), bucket_facts::count(tx, facts, -1, -current.bytes())).await;
    gone.and(counted)?;
    Ok(Deleted { removed: seen(tx, current), ..Deleted::default() })
}

/// Puts a delete marker on top. With versioning suspended it is a null version and takes the place of the one there was.
async fn hide(tx: &Tx, facts: &BucketFacts, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let (created, id) = versions::next(tx, facts, latest);
    let current = latest.filter(|latest| !latest.marker);
    let change = current.map_or_else(Change::default, |old| Change { objects: -1, bytes: -old.bytes() });
    let room = versions::room(tx, facts, key, latest, id).await?;
    let null = Flag(id == VersionId::Null);
    let params: Params<'_> = &[&facts.nr, key, &HIDDEN, &null, &created];
    let insert = tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES ($1, $2, $3, 1, $4, $5, $5, 0, 0, '', '', '', '', '{}')",
        params,
    );
    let (made, inserted, counted) =
        join3(room.make(tx), insert, bucket_facts::count(tx, facts, change.objects, change.bytes)).await;
    made?;
    inserted?;
    counted?;
    Ok(Deleted { removed: current.and_then(|old| seen(tx, old)), marker: Some(id), ..Deleted::default() })
}

/// What a delete removes for its caller: what has expired was gone already.
fn seen(tx: &Tx, version: &Brief) -> Option<VersionId> {
    (!version.is_expired(tx.now())).then_some(version.id)
}

/// Removes one version for good. The newest of those that stay becomes the latest.
async fn delete_version(
    tx: &Tx,
    facts: &BucketFacts,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let mut current = latest.filter(|latest| !latest.marker).map(|latest| latest.id);
    let Some(version) = versions::by_id(tx, facts.nr, key, id).await? else {
        return Ok(Deleted { current, ..Deleted::default() });
    };
    versions::remove(tx, &version).await?;
    if version.latest {
        current = None;
        let (mut objects, mut bytes) = if version.marker { (0, 0) } else { (-1, -version.bytes()) };
        if let Some(next) = versions::newest_of_the_rest(tx, facts.nr, key).await? {
            versions::promote(tx, &next).await?;
            if !next.marker {
                current = Some(next.id);
                objects += 1;
                bytes += next.bytes();
            }
        }
        bucket_facts::count(tx, facts, objects, bytes).await?;
    }
    Ok(Deleted { removed: Some(version.id), marker: None, was_marker: version.marker, current })
}
