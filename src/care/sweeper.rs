//! The sweeper: what dead writers wrote and never published is deleted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use tokio::time::Instant;

use crate::care::heartbeat::SILENT;
use crate::care::holds::may_delete;
use crate::care::task::{BATCH, Round, Task};
use crate::model::{BlobId, Timestamp, WriterId};
use crate::storage::Error;
use crate::storage::backup::set_back_to;
use crate::storage::blobs::BlobStore;
use crate::storage::index::rows::Mark;
use crate::storage::index::{Fencing, Index, Silence};

/// How often it looks for silent writers of a shared index.
const ROUND: Duration = Duration::from_secs(15);
/// How often it looks where no other writer can come: only for what a round before could not do.
const ALONE: Duration = Duration::from_hours(1);
/// How long a remote store may take to finish what a process had asked for before it died.
const FINISHES: Duration = Duration::from_mins(10);
/// How long after its last heartbeat a process may have written by the store's clock, as that and the index's differ.
const CLOCKS: Duration = Duration::from_mins(5);
/// The same where the index may have been out of its reach while requests went on.
const OUT_OF_REACH: Duration = Duration::from_hours(1);
/// Orphans that are held in memory at a time.
const MOST: usize = 100_000;

/// Fences the writers that are silent, and deletes what they wrote and never published.
///
/// A writer that is fenced may not know it yet, and go on writing for as long as its requests may take. And what a dead one
/// had sent, a remote store may finish after its end. So a writer is swept at once, and where there can be such a writer or
/// such a store again after that time; only then is it done with.
///
/// Who writes is heard. Orphans that were written long after their writer was last heard, and before it was fenced, mean that
/// the index has forgotten when it was: it was set back, and they may be somebody's objects. Nothing is deleted then until
/// that has been accepted, as after a restoration.
pub struct Sweeper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    me: WriterId,
    silence: Silence,
    settle: Duration,
    late: Duration,
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
        let late = match silence {
            Silence::Everyone if blobs.outlives_its_writers() => CLOCKS + FINISHES,
            Silence::Everyone => CLOCKS,
            Silence::For(_) => OUT_OF_REACH,
        };
        Self { index, blobs, me, silence, settle, late, swept: HashMap::new() }
    }

    /// Fences and sweeps. Tells how many orphans there were.
    pub async fn sweep(&mut self) -> Result<u64, Error> {
        let mut orphans = 0;
        if !may_delete(&*self.index).await? {
            return Ok(orphans);
        }
        let mut looks = Vec::new();
        for writer in self.index.fence_silent(self.me, self.silence).await? {
            let settled = match self.swept.get(&writer) {
                Some(first) if first.elapsed() < self.settle => continue,
                Some(_) => true,
                None => self.settle.is_zero(),
            };
            let found = self.orphans_of(writer).await?;
            if let Some(written) = found.late {
                self.set_back(writer, written).await?;
                return Ok(orphans);
            }
            looks.push((writer, settled, found));
        }
        // None of them is of an index that was set back.
        for (writer, settled, found) in looks {
            orphans += self.remove_orphans(writer, found).await?;
            if settled {
                self.index.writer_swept(writer).await?;
                self.swept.remove(&writer);
            } else {
                self.swept.insert(writer, Instant::now());
            }
        }
        Ok(orphans)
    }

    /// Looks at all that a writer has in the store.
    async fn orphans_of(&self, writer: WriterId) -> Result<Orphans, Error> {
        let fencing = self.index.fencing(writer).await?;
        let is_late = |written: Timestamp| {
            fencing.is_some_and(|end| end.heard.plus(self.late) < written && written < end.fenced)
        };
        let mut orphans = Orphans::default();
        let mut batches = self.blobs.blobs_of(writer, BATCH as usize);
        while let Some(found) = batches.try_next().await? {
            let ids = found.iter().map(|(blob, _)| *blob).collect();
            let known: HashSet<_> = self.index.known_blobs(ids).await?.into_iter().collect();
            for (blob, written) in found.into_iter().filter(|(blob, _)| !known.contains(blob)) {
                if is_late(written) {
                    orphans.late = Some(written);
                    return Ok(orphans);
                }
                if orphans.blobs.len() < MOST {
                    orphans.blobs.push(blob);
                } else {
                    orphans.more = true;
                }
            }
        }
        Ok(orphans)
    }

    async fn remove_orphans(&self, writer: WriterId, mut found: Orphans) -> Result<u64, Error> {
        let mut orphans = 0;
        loop {
            for batch in found.blobs.chunks(BATCH as usize) {
                self.blobs.delete(batch).await?;
            }
            orphans += found.blobs.len() as u64;
            if !found.more {
                break;
            }
            found = self.orphans_of(writer).await?;
        }
        self.blobs.remove_leftovers(writer).await?;
        if orphans > 0 {
            tracing::info!(%writer, orphans, "removed what a dead process had not published");
        }
        Ok(orphans)
    }

    async fn set_back(&self, writer: WriterId, written: Timestamp) -> Result<(), Error> {
        let Some(Fencing { heard, .. }) = self.index.fencing(writer).await? else { return Ok(()) };
        self.index.rows().set_mark(Mark::Restored, Some(&set_back_to(heard))).await?;
        tracing::warn!(
            %writer, last_heard = %heard, %written,
            "the store holds blobs of a process from long after the index last heard of it: the index was set back. \
             Nothing is deleted from the store until cardea fsck --accept"
        );
        Ok(())
    }
}

/// What a writer has in the store and the index does not know.
#[derive(Default)]
struct Orphans {
    blobs: Vec<BlobId>,
    /// There are more than these.
    more: bool,
    /// When one was written that cannot be an orphan.
    late: Option<Timestamp>,
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
