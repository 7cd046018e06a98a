//! The reaper: freed blobs are deleted from the store once nobody reads them, then forgotten.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::kept::{Kept, may_delete};
use super::{BATCH, Round, Task};
use crate::model::{BlobId, Timestamp};
use crate::storage::Error;
use crate::storage::blobs::BlobStore;
use crate::storage::index::Index;
use crate::storage::pins::Pins;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(5);

/// Deletes freed blobs from the store once nobody reads them, then forgets them.
pub struct Reaper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    pins: Pins,
    grace: Duration,
    kept: Kept,
    seen: Option<Seen>,
}

/// Blobs that were seen freed. Whoever began to read after this moment cannot have found them.
///
/// The time that the index notes for a freed blob does not serve for that: it is taken before the commit, and a reader
/// may begin between the two and still find the blob.
#[derive(Debug)]
struct Seen {
    at: Timestamp,
    blobs: Vec<BlobId>,
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
        Self { index, blobs, pins, grace, kept: Kept::default(), seen: None }
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
                self.blobs.delete(&seen.blobs).await?;
                self.index.forget_blobs(seen.blobs.clone()).await?;
                seen.blobs.len()
            }
            None => 0,
        };
        self.seen = None;
        let now = self.index.now().await?;
        let mut freed = self.index.freed_blobs(self.kept.before(now, self.grace), BATCH).await?;
        if !freed.is_empty() {
            self.kept.look(&self.blobs).await?;
            freed.retain(|blob| blob.freed < self.kept.before(now, self.grace));
        }
        if !freed.is_empty() {
            let blobs = freed.into_iter().map(|blob| blob.id).collect();
            self.seen = Some(Seen { at: self.pins.moment(), blobs });
        }
        Ok(deleted)
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
