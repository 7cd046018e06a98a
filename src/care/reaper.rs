//! The reaper: freed blobs are deleted from the store once nobody reads them, then forgotten. Those whose bytes live in the
//! index go with its rows.

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

/// How often it looks.
const ROUND: Duration = Duration::from_secs(5);

/// Deletes freed blobs from the store once nobody reads them, then forgets them.
pub struct Reaper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    pins: Pins,
    grace: Duration,
    holds: BackupHolds,
    /// Whether there may be more bytes in the index that were freed after what a backup keeps.
    behind: bool,
    seen: Option<Seen>,
}

/// Blobs that were seen freed. Whoever began to read after this moment cannot have found them.
///
/// The time that the index notes for a freed blob does not serve for that: it is taken before the commit, and a reader
/// may begin between the two and still find the blob.
#[derive(Debug)]
struct Seen {
    at: Timestamp,
    blobs: Vec<FreedBlob>,
}

impl std::fmt::Debug for Reaper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reaper").field("grace", &self.grace).field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Reaper {
    /// A reaper. `grace` is zero where all readers are in this process, and longer than the longest request where
    /// others read too.
    pub fn new(index: Arc<dyn Index>, blobs: BlobStore, pins: Pins, grace: Duration) -> Self {
        Self { index, blobs, pins, grace, holds: BackupHolds::default(), behind: false, seen: None }
    }

    /// Deletes what was seen freed in a round before, where its last reader has gone, and looks for more. Tells how many
    /// blobs it deleted.
    pub async fn reap(&mut self) -> Result<usize, Error> {
        if !may_delete(&*self.index).await? {
            return Ok(0);
        }
        let deleted = match &self.seen {
            Some(seen) if self.pins.horizon() <= seen.at => return Ok(0),
            Some(seen) => {
                let stored = seen.blobs.iter().filter(|blob| !blob.inline);
                self.blobs.delete(&stored.map(|blob| blob.id).collect::<Vec<_>>()).await?;
                let all: Vec<BlobId> = seen.blobs.iter().map(|blob| blob.id).collect();
                self.index.forget_blobs(all).await?;
                seen.blobs.len()
            }
            None => 0,
        };
        self.seen = None;
        let freed = self.freed().await?;
        if !freed.is_empty() {
            self.seen = Some(Seen { at: self.pins.moment(), blobs: freed });
        }
        Ok(deleted)
    }

    /// The oldest freed blobs that neither the grace nor a backup keeps. A backup has its own copy of what lives in the index.
    async fn freed(&mut self) -> Result<Vec<FreedBlob>, Error> {
        let now = self.index.now().await?;
        let mut freed = self.index.freed_blobs(self.holds.freed_before(now, self.grace), BATCH).await?;
        let mut behind = std::mem::take(&mut self.behind);
        if !freed.is_empty() {
            self.holds.refresh(&self.blobs).await?;
            let (before, all) = (self.holds.freed_before(now, self.grace), freed.len());
            freed.retain(|blob| blob.freed < before);
            // What is kept may be much: so what is behind it is looked for only where that is looked at again.
            behind |= freed.len() < all;
        }
        if behind {
            let inline = self.index.freed_inline(now.minus(self.grace), BATCH).await?;
            self.behind = inline.len() == BATCH as usize;
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
