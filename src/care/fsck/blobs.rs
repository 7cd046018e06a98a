//! The blobs that the index names against those that the store holds, both ways.
//!
//! Requests run meanwhile. A blob is written before the index names it, and deleted before the index forgets it; what
//! looks wrong is asked for again in the order that makes sure of it.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{FindingKind, Progress, Report};
use crate::encryption::layout::sealed_len;
use crate::model::BlobId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage;
use crate::storage::blobs::Found;
use crate::storage::index::BlobRow;

/// Blobs that are looked at together.
const BATCH: u32 = 1000;
/// Sizes that are asked for at a time.
const AT_ONCE: usize = 32;

/// Every blob that the index refers to is in the store, and of its size.
pub(super) async fn named(
    gateway: &Gateway,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let rows = gateway.index.blobs_after(after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id);
        let mut outside = Vec::with_capacity(rows.len());
        for row in rows {
            if row.freed.is_some() {
                report.freed_blobs += 1;
                continue;
            }
            report.blobs += 1;
            if row.inline {
                report.inline_blobs += 1;
            } else {
                outside.push(row);
            }
        }
        let look = async |row: BlobRow| (row.id, look(gateway, &row).await);
        let mut looks = stream::iter(outside.into_iter().map(look)).buffered(AT_ONCE);
        while let Some((id, found)) = looks.next().await {
            if let Some((kind, what)) = found? {
                report.add_blob(kind, id, &what);
            }
        }
        progress("blobs of the index", report.blobs + report.freed_blobs);
    }
}

/// What is wrong with a blob that the index refers to, if anything is.
async fn look(gateway: &Gateway, row: &BlobRow) -> Result<Option<(FindingKind, String)>, Error> {
    let expected = sealed_len(row.length);
    let wrong = match gateway.blobs.size(&row.id).await {
        Ok(size) if size == expected => return Ok(None),
        Ok(size) => (FindingKind::WrongSize, format!("{size} bytes, expected {expected}")),
        Err(storage::Error::BlobDamaged { problem, .. }) => (FindingKind::MissingBlob, problem.to_owned()),
        Err(error) => return Err(error.into()),
    };
    // Zero references are final: what still has some had some all the time.
    let still = gateway.index.blob(row.id).await?;
    let still = still.is_some_and(|now| now.refs > 0 && now.length == row.length && !now.inline);
    Ok(still.then_some(wrong))
}

/// Every blob in the store is known to the index, or on its way there, or left over from a write that came to nothing.
pub(super) async fn stored(
    gateway: &Gateway,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<(), Error> {
    report.leftovers.unfinished = gateway.blobs.unfinished().await?;
    let mut seen = 0;
    let mut batches = gateway.blobs.survey(BATCH as usize);
    while let Some(batch) = batches.try_next().await? {
        seen += batch.len() as u64;
        let ids: Vec<BlobId> = batch.iter().filter_map(|found| found.blob).collect();
        let known: HashSet<_> = gateway.index.known_blobs(ids).await?.into_iter().collect();
        let mut unknown = Vec::new();
        for Found { name, blob, size } in batch {
            match blob {
                Some(id) if known.contains(&id) => {}
                Some(id) => unknown.push((id, size)),
                None => report.add(FindingKind::Stranger, name),
            }
        }
        unknown_blobs(gateway, unknown, report).await?;
        progress("blobs of the store", seen);
    }
    Ok(())
}

/// Tells strays from blobs whose writer may still publish them, or whose sweep is to come.
async fn unknown_blobs(
    gateway: &Gateway,
    unknown: Vec<(BlobId, u64)>,
    report: &mut Report,
) -> Result<(), Error> {
    if unknown.is_empty() {
        return Ok(());
    }
    let unswept: HashSet<_> = gateway.index.unswept_writers().await?.into_iter().collect();
    let mut strays = Vec::new();
    for (id, size) in unknown {
        if unswept.contains(&id.writer()) {
            report.leftovers.blobs += 1;
            report.leftovers.bytes += size;
        } else {
            strays.push((id, size));
        }
    }
    // Their writers can publish nothing any more. What they had published before is known; and what was known and was
    // forgotten since is deleted.
    let ids = strays.iter().map(|(id, _)| *id).collect();
    let known: HashSet<_> = gateway.index.known_blobs(ids).await?.into_iter().collect();
    for (id, size) in strays.into_iter().filter(|(id, _)| !known.contains(id)) {
        match gateway.blobs.size(&id).await {
            Ok(_) => report.add(FindingKind::StrayBlob, format!("blob {id}: {size} bytes")),
            Err(storage::Error::BlobDamaged { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
