//! The reaper deletes freed blobs from the store when nobody reads them any more, and then from the index. If
//! the bytes of a blob live in the index, they are deleted with its row.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::care::holds::{BackupHolds, may_delete};
use crate::care::task::{BATCH, Round, Task};
use crate::model::{BlobId, Timestamp};
use crate::storage::Error;
use crate::storage::blobs::BlobStore;
use crate::storage::index::{FreedBlob, Index};
use crate::storage::pins::Pins;

/// The pause between two rounds.
const ROUND: Duration = Duration::from_secs(5);

/// Deletes freed blobs from the store when nobody reads them any more, and then from the index.
pub struct Reaper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    pins: Pins,
    grace: Duration,
    holds: BackupHolds,
    /// Whether the index may hold more inline blobs that were freed after the blobs that backups keep.
    more_inline: bool,
    candidates: Option<Candidates>,
}

/// Freed blobs, as they were read from the index. A reader that began after this moment cannot have found
/// them.
///
/// The time in the index at which a blob was freed is not enough: it is taken before the commit. A reader may
/// begin between this time and the commit, and still find the blob.
#[derive(Debug)]
struct Candidates {
    at: Timestamp,
    blobs: Vec<FreedBlob>,
}

impl std::fmt::Debug for Reaper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reaper")
            .field("grace", &self.grace)
            .field("candidates", &self.candidates)
            .finish_non_exhaustive()
    }
}

impl Reaper {
    /// `grace` is zero if all readers are in this process. If other processes read too, it is longer than the
    /// longest request.
    pub fn new(index: Arc<dyn Index>, blobs: BlobStore, pins: Pins, grace: Duration) -> Self {
        Self {
            index,
            blobs,
            pins,
            grace,
            holds: BackupHolds::default(),
            more_inline: false,
            candidates: None,
        }
    }

    /// If the last reader of the previous round's candidates has ended, deletes them and looks for new ones.
    /// Returns the number of deleted blobs.
    pub async fn reap(&mut self) -> Result<usize, Error> {
        if !may_delete(&*self.index).await? {
            return Ok(0);
        }
        let deleted = match &self.candidates {
            Some(candidates) if self.pins.horizon() <= candidates.at => return Ok(0),
            Some(candidates) => {
                let stored = candidates.blobs.iter().filter(|blob| !blob.inline);
                self.blobs.delete(&stored.map(|blob| blob.id).collect::<Vec<_>>()).await?;
                let all: Vec<BlobId> = candidates.blobs.iter().map(|blob| blob.id).collect();
                self.index.forget_blobs(all).await?;
                candidates.blobs.len()
            }
            None => 0,
        };
        self.candidates = None;
        let freed = self.freed().await?;
        if !freed.is_empty() {
            self.candidates = Some(Candidates { at: self.pins.moment(), blobs: freed });
        }
        Ok(deleted)
    }

    /// The oldest freed blobs that neither the grace nor a backup keeps. A backup keeps no inline blobs: it
    /// has copies of them.
    async fn freed(&mut self) -> Result<Vec<FreedBlob>, Error> {
        let now = self.index.now().await?;
        let mut freed = self.index.freed_blobs(self.holds.freed_before(now, self.grace), BATCH).await?;
        let mut more_inline = std::mem::take(&mut self.more_inline);
        if !freed.is_empty() {
            self.holds.refresh(&self.blobs).await?;
            let (before, all) = (self.holds.freed_before(now, self.grace), freed.len());
            freed.retain(|blob| blob.freed < before);
            // Backups may hold back many blobs. Look past them for inline blobs only in rounds that have just
            // re-read the backup holds.
            more_inline |= freed.len() < all;
        }
        if more_inline {
            let inline = self.index.freed_inline(now.minus(self.grace), BATCH).await?;
            self.more_inline = inline.len() == BATCH as usize;
            let before = self.holds.freed_before(now, self.grace);
            freed.extend(inline.into_iter().filter(|blob| blob.freed >= before));
        }
        Ok(freed)
    }
}

#[async_trait]
impl Task for Reaper {
    fn name(&self) -> &'static str {
        "reaper"
    }

    async fn round(&mut self) -> Result<Round, Error> {
        let deleted = self.reap().await?;
        let rest = if deleted >= BATCH as usize { Duration::ZERO } else { ROUND };
        Ok(Round { done: deleted as u64, rest })
    }
}
