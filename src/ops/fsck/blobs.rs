//! The blobs that the index names against those that the store holds, both ways.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Kind, Progress, Report};
use crate::encryption::layout::sealed_len;
use crate::model::BlobId;
use crate::ops::{Error, Gateway};
use crate::storage::blobs::Found;
use crate::storage::{self, index::BlobRow};

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
        let ask = async |row: BlobRow| (row.id, row.length, gateway.blobs.size(&row.id).await);
        let mut sizes = stream::iter(outside.into_iter().map(ask)).buffered(AT_ONCE);
        while let Some((id, length, size)) = sizes.next().await {
            match size {
                Ok(size) if size == sealed_len(length) => {}
                Ok(size) => {
                    let expected = sealed_len(length);
                    report.add(Kind::WrongSize, format!("blob {id}: {size} bytes, expected {expected}"));
                }
                Err(storage::Error::BlobDamaged { problem, .. }) => {
                    report.add_missing(id, problem);
                }
                Err(error) => return Err(error.into()),
            }
        }
        progress("blobs of the index", report.blobs + report.freed_blobs);
    }
}

/// Every blob in the store is known to the index, or left over from a write that came to nothing.
pub(super) async fn stored(
    gateway: &Gateway,
    report: &mut Report,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let unswept: HashSet<_> = gateway.index.unswept_writers().await?.into_iter().collect();
    report.leftovers.unfinished = gateway.blobs.unfinished().await?;
    let mut seen = 0;
    let mut batches = gateway.blobs.survey(BATCH as usize);
    while let Some(batch) = batches.try_next().await? {
        seen += batch.len() as u64;
        let ids: Vec<BlobId> = batch.iter().filter_map(|found| found.blob).collect();
        let known: HashSet<_> = gateway.index.known_blobs(ids).await?.into_iter().collect();
        for Found { name, blob, size } in batch {
            match blob {
                Some(id) if known.contains(&id) => {}
                Some(id) if unswept.contains(&id.writer()) => {
                    report.leftovers.blobs += 1;
                    report.leftovers.bytes += size;
                }
                Some(id) => report.add(Kind::StrayBlob, format!("blob {id}: {size} bytes")),
                None => report.add(Kind::Stranger, name),
            }
        }
        progress("blobs of the store", seen);
    }
    Ok(())
}
