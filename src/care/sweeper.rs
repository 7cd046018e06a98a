//! The sweeper deletes the orphans of dead writers: blobs that they wrote and never published.

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

/// The pause between two rounds over a shared index.
const ROUND: Duration = Duration::from_secs(15);
/// The pause if no other writer can exist. A round then only does the work that an earlier round could not
/// do.
const ALONE: Duration = Duration::from_hours(1);
/// How long a remote store may take to finish the requests of a process that has died.
const FINISHES: Duration = Duration::from_mins(10);
/// How long after the last heartbeat of a process its blobs may be dated: the clocks of store and index
/// differ.
const CLOCKS: Duration = Duration::from_mins(5);
/// The same for a shared index, which a process may not have reached while its requests went on.
const OUT_OF_REACH: Duration = Duration::from_hours(1);
/// The most orphans that are in memory at the same time.
const MOST: usize = 100_000;

/// Fences silent writers, and deletes their orphans.
///
/// A fenced writer may not know that it is fenced, and may write until its longest request has ended. A
/// remote store may also finish the requests of a dead writer after its end. So a writer is swept at once,
/// and if one of these is possible, a second time after `settle`. Only then is the writer recorded as swept.
///
/// A living writer gives heartbeats. So orphans from long after their writer's last heartbeat, and from
/// before it was fenced, prove that the index was set back: it has forgotten later heartbeats. The index may
/// also have forgotten their objects. From then on nothing is deleted until an operator accepts the index, as
/// after a restoration.
pub struct Sweeper {
    index: Arc<dyn Index>,
    blobs: BlobStore,
    me: WriterId,
    silence: Silence,
    /// How long blobs of a fenced writer may still appear.
    settle: Duration,
    /// How long after the last heartbeat a blob may be dated without proof that the index was set back.
    late: Duration,
    /// When each writer was swept for the first time.
    swept: HashMap<WriterId, Instant>,
}

impl std::fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweeper").field("silence", &self.silence).finish_non_exhaustive()
    }
}

impl Sweeper {
    /// A sweeper for an index that belongs to one process: every earlier writer is dead.
    pub fn alone(index: Arc<dyn Index>, blobs: BlobStore, me: WriterId) -> Self {
        let settle = if blobs.outlives_its_writers() { FINISHES } else { Duration::ZERO };
        Self::new(index, blobs, me, Silence::Everyone, settle)
    }

    /// A sweeper for a shared index. `settle` is the time of the longest request: after it, a fenced writer
    /// writes nothing more.
    pub fn shared(index: Arc<dyn Index>, blobs: BlobStore, me: WriterId, settle: Duration) -> Self {
        Self::new(index, blobs, me, Silence::For(SILENT), settle)
    }

    /// A sweeper that takes other writers for dead after this silence.
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

    /// Fences silent writers, and sweeps them. Returns the number of orphans.
    pub async fn sweep(&mut self) -> Result<u64, Error> {
        let mut orphans = 0;
        if !may_delete(&*self.index).await? {
            return Ok(orphans);
        }
        let mut fenced = Vec::new();
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
            fenced.push((writer, settled, found));
        }
        // No orphan proves that the index was set back.
        for (writer, settled, found) in fenced {
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

    /// Reads which blobs of a writer are orphans.
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
            tracing::info!(%writer, orphans, "removed blobs that a dead process had not published");
        }
        Ok(orphans)
    }

    async fn set_back(&self, writer: WriterId, written: Timestamp) -> Result<(), Error> {
        let Some(Fencing { heard, .. }) = self.index.fencing(writer).await? else { return Ok(()) };
        self.index.rows().set_mark(Mark::Restored, Some(&set_back_to(heard))).await?;
        tracing::warn!(
            %writer, last_heard = %heard, %written,
            "the store holds blobs of a process from long after its last heartbeat in the index: the index was set back. \
             Nothing is deleted from the store until cardea fsck --accept"
        );
        Ok(())
    }
}

/// Blobs of a writer that the index does not know.
#[derive(Default)]
struct Orphans {
    blobs: Vec<BlobId>,
    /// Whether there are more orphans than `blobs` holds.
    more: bool,
    /// When a blob was written that may be an object, because its date proves that the index was set back.
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
