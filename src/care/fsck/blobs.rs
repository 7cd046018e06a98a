//! Compares the blobs that the index names with the blobs in the store, in both directions.
//!
//! Requests may run at the same time. A blob is written before the index names it, and deleted before the
//! index forgets it. So a blob that looks wrong is read again, in the order that excludes running requests as
//! the cause.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::care::fsck::report::{FindingKind, Report};
use crate::care::progress::ReportProgress;
use crate::encryption::layout::sealed_len;
use crate::model::BlobId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage;
use crate::storage::blobs::Found;
use crate::storage::index::BlobRow;

/// The number of blobs that are read together.
const BATCH: u32 = 1000;
/// The number of sizes that are read from the store at the same time.
const AT_ONCE: usize = 32;

/// Checks that every blob that the index refers to is in the store, and has its size.
pub(super) async fn check_named(
    gateway: &Gateway,
    report: &mut Report,
    progress: ReportProgress<'_>,
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
        let check = async |row: BlobRow| (row.id, check_blob(gateway, &row).await);
        let mut checks = stream::iter(outside.into_iter().map(check)).buffered(AT_ONCE);
        while let Some((id, finding)) = checks.next().await {
            if let Some((kind, what)) = finding? {
                report.add_blob(kind, id, &what);
            }
        }
        progress("blobs of the index", report.blobs + report.freed_blobs);
    }
}

/// The fault of a blob that the index refers to, if it has one.
async fn check_blob(gateway: &Gateway, row: &BlobRow) -> Result<Option<(FindingKind, String)>, Error> {
    let expected = sealed_len(row.length);
    let wrong = match gateway.blobs.size(&row.id).await {
        Ok(size) if size == expected => return Ok(None),
        Ok(size) => (FindingKind::WrongSize, format!("{size} bytes, expected {expected}")),
        Err(storage::Error::BlobDamaged { problem, .. }) => (FindingKind::MissingBlob, problem.to_owned()),
        Err(error) => return Err(error.into()),
    };
    // A blob without references never gets one again. So if it has references now, it had them all the time.
    let blob = gateway.index.blob(row.id).await?;
    let is_unchanged = blob.is_some_and(|now| now.refs > 0 && now.length == row.length && !now.inline);
    Ok(is_unchanged.then_some(wrong))
}

/// Checks that every blob in the store is known to the index, is about to be published, or is left over from
/// a write that was given up.
pub(super) async fn check_stored(
    gateway: &Gateway,
    report: &mut Report,
    progress: ReportProgress<'_>,
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
        sort_unknown_blobs(gateway, unknown, report).await?;
        progress("blobs of the store", seen);
    }
    Ok(())
}

/// Separates stray blobs from blobs whose writer may still publish them, and from blobs that will be swept.
async fn sort_unknown_blobs(
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
    // The writers of these blobs can publish nothing any more. The index knows a blob that they published
    // before. If the index has forgotten a blob since, the blob is deleted.
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
