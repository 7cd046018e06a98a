//! Deleting objects and versions.

use futures_util::future::{join, join3};

use super::super::brief::{Brief, HIDDEN, check, current};
use super::super::change;
use super::bucket_facts::{self, BucketFacts};
use super::transaction::{Params, Tx};
use super::values::Flag;
use super::{locks, versions};
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
    check(&command.precondition, latest.as_ref(), tx.now())?;
    match command.version {
        Some(id) => delete_version(tx, &facts, key, id, latest.as_ref()).await,
        None if facts.versioning == Versioning::Off => delete_current(tx, &facts, latest.as_ref()).await,
        None => hide(tx, &facts, key, latest.as_ref()).await,
    }
}

async fn delete_current(tx: &Tx, facts: &BucketFacts, latest: Option<&Brief>) -> Result<Deleted> {
    let (removed, change) = change::hidden(latest, tx.now());
    if let Some(current) = latest {
        let (gone, counted) =
            join(versions::remove(tx, current), bucket_facts::count(tx, facts, change)).await;
        gone.and(counted)?;
    }
    Ok(Deleted { removed, ..Deleted::default() })
}

/// Adds a delete marker as the latest version. With versioning suspended it is a null version, and replaces
/// the null version that exists.
async fn hide(tx: &Tx, facts: &BucketFacts, key: &ObjectKey, latest: Option<&Brief>) -> Result<Deleted> {
    let (created, id) = change::next(tx.now(), facts.versioning, latest);
    let (removed, change) = change::hidden(latest, tx.now());
    let displaced = versions::displaced(tx, facts.nr, key, latest, id).await?;
    let null = Flag(id == VersionId::Null);
    let params: Params<'_> = &[&facts.nr, key, &HIDDEN, &null, &created];
    let insert = tx.execute(
        "INSERT INTO versions (bucket, key, state, marker, null_id, created, modified, size, mode, etag, uid, digests,
             envelope, metadata)
         VALUES ($1, $2, $3, 1, $4, $5, $5, 0, 0, '', '', '', '', '{}')",
        params,
    );
    let (way, inserted, counted) =
        join3(versions::displace(tx, &displaced), insert, bucket_facts::count(tx, facts, change)).await;
    way?;
    inserted?;
    counted?;
    Ok(Deleted { removed, marker: Some(id), ..Deleted::default() })
}

/// Removes one version for good. The newest version that remains becomes the latest.
async fn delete_version(
    tx: &Tx,
    facts: &BucketFacts,
    key: &ObjectKey,
    id: VersionId,
    latest: Option<&Brief>,
) -> Result<Deleted> {
    let Some(version) = versions::by_id(tx, facts.nr, key, id).await? else {
        return Ok(Deleted { current: current(latest).map(|current| current.id), ..Deleted::default() });
    };
    versions::remove(tx, &version).await?;
    let next = if version.latest { versions::newest_of_the_rest(tx, facts.nr, key).await? } else { None };
    if let Some(next) = &next {
        versions::promote(tx, next).await?;
    }
    let (deleted, change) = change::deleted(&version, latest, next.as_ref());
    bucket_facts::count(tx, facts, change).await?;
    Ok(deleted)
}
