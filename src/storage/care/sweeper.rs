//! The sweeper: what dead writers wrote and never published is deleted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use tokio::time::Instant;

use super::kept::may_delete;
use super::{BATCH, Round, SILENT, Task};
use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::blobs::BlobStore;
use crate::storage::index::{Index, Silence};

/// How often it looks for silent writers of a shared index.
const ROUND: Duration = Duration::from_secs(15);
/// How often it looks where no other writer can come: only for what a round before could not do.
const ALONE: Duration = Duration::from_hours(1);
/// How long a remote store may take to finish what a process had asked for before it died.
const FINISHES: Duration = Duration::from_mins(10);

/// Fences the writers that are silent, and deletes what they wrote and never published.
///
/// A writer that is fenced may not know it yet, and go on writing for as long as its requests may take. And what a dead one
/// had sent, a remote store may finish after its end. So a writer is swept at once, and where there can be such a writer or
/// such a store again after that time; only then is it done with.
pub struct Sweeper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    me: WriterId,
    silence: Silence,
    settle: Duration,
    /// When each was swept for the first time.
    swept: HashMap<WriterId, Instant>,
}

impl std::fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweeper").field("silence", &self.silence).finish_non_exhaustive()
    }
}

impl Sweeper {
    /// For an index that belongs to one process: whoever wrote before is dead.
    pub fn alone(index: Arc<dyn Index>, blobs: BlobStore, me: WriterId) -> Self {
        let settle = if blobs.outlives_its_writers() { FINISHES } else { Duration::ZERO };
        Self::new(index, blobs, me, Silence::Everyone, settle)
    }

    /// For a shared index. What a fenced writer still writes ends after `settle`, the time of the longest request.
    pub fn shared(index: Arc<dyn Index>, blobs: BlobStore, me: WriterId, settle: Duration) -> Self {
        Self::new(index, blobs, me, Silence::For(SILENT), settle)
    }

    /// One that takes others for dead after this silence.
    pub fn new(
        index: Arc<dyn Index>,
        blobs: BlobStore,
        me: WriterId,
        silence: Silence,
        settle: Duration,
    ) -> Self {
        Self { index, blobs, me, silence, settle, swept: HashMap::new() }
    }

    /// Fences and sweeps. Tells how many orphans there were.
    pub async fn sweep(&mut self) -> Result<u64, Error> {
        let mut orphans = 0;
        if !may_delete(&*self.index).await? {
            return Ok(orphans);
        }
        for writer in self.index.fence_silent(self.me, self.silence).await? {
            let settled = match self.swept.get(&writer) {
                Some(first) if first.elapsed() < self.settle => continue,
                Some(_) => true,
                None => self.settle.is_zero(),
            };
            orphans += self.remove_orphans(writer).await?;
            if settled {
                self.index.writer_swept(writer).await?;
                self.swept.remove(&writer);
            } else {
                self.swept.insert(writer, Instant::now());
            }
        }
        Ok(orphans)
    }

    async fn remove_orphans(&self, writer: WriterId) -> Result<u64, Error> {
        let mut orphans = 0;
        let mut batches = self.blobs.blobs_of(writer, BATCH as usize);
        while let Some(found) = batches.try_next().await? {
            let known: HashSet<_> = self.index.known_blobs(found.clone()).await?.into_iter().collect();
            let unknown: Vec<_> = found.into_iter().filter(|blob| !known.contains(blob)).collect();
            self.blobs.delete(&unknown).await?;
            orphans += unknown.len() as u64;
        }
        self.blobs.remove_leftovers(writer).await?;
        if orphans > 0 {
            tracing::info!(%writer, orphans, "removed what a dead process had not published");
        }
        Ok(orphans)
    }
}

#[async_trait]
impl Task for Sweeper {
    fn name(&self) -> &'static str {
        "sweeper"
    }

    async fn round(&mut self) -> Result<Round, Error> {
        let done = self.sweep().await?;
        let is_done = self.silence == Silence::Everyone && self.swept.is_empty();
        let rest = if is_done { ALONE } else { ROUND };
        Ok(Round { done, rest })
    }
}
