//! Care of the blobs: who writes is known to be alive, what the dead left behind is swept, what was freed is deleted.
//!
//! Age alone proves nothing. An orphan is an unindexed blob of a writer that is fenced, so that nobody can publish it
//! any more; a freed blob goes when no reader can still know it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;

use super::Error;
use super::backup::kept_since;
use super::blobs::BlobStore;
use super::index::rows::Mark;
use super::index::{Index, Silence};
use super::pins::Pins;
use crate::model::{BlobId, Timestamp, WriterId};

/// How often a writer says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often the reaper looks.
const ROUND: Duration = Duration::from_secs(5);
/// Blobs in one round's request.
const BATCH: u32 = 1000;
/// How often the reaper looks whether backups still keep what they kept.
const LOOK: Duration = Duration::from_mins(1);

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

    /// Works until it is dropped; every step is harmless when it is done again.
    pub async fn run(mut self) {
        loop {
            match self.round().await {
                Ok(deleted) if deleted >= BATCH as usize => {}
                Ok(_) => tokio::time::sleep(ROUND).await,
                Err(error) => {
                    tracing::warn!(%error, "freed blobs could not be deleted");
                    tokio::time::sleep(ROUND).await;
                }
            }
        }
    }

    /// One round: deletes what was seen freed in a round before, where its last reader has gone, and looks for more.
    /// Tells how many blobs it deleted.
    pub async fn round(&mut self) -> Result<usize, Error> {
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
        let mut freed = self.index.freed_blobs(self.kept.before(self.grace), BATCH).await?;
        if !freed.is_empty() {
            self.kept.look(&self.blobs).await?;
            freed.retain(|blob| blob.freed < self.kept.before(self.grace));
        }
        if !freed.is_empty() {
            let blobs = freed.into_iter().map(|blob| blob.id).collect();
            self.seen = Some(Seen { at: self.pins.moment(), blobs });
        }
        Ok(deleted)
    }
}

/// What backups need, as it was when it was last looked at.
#[derive(Debug, Default)]
struct Kept {
    since: Option<Timestamp>,
    looked: Option<Instant>,
}

impl Kept {
    /// Blobs that were freed before this time may go.
    fn before(&self, grace: Duration) -> Timestamp {
        let free = Timestamp::now().minus(grace);
        match (self.since, self.looked) {
            // While a backup keeps them the index need not be asked for them each round, but now and then.
            (Some(since), Some(looked)) if looked.elapsed() < LOOK => free.min(since),
            _ => free,
        }
    }

    /// Looks again. The index must have told of the freed blobs before: see [`kept_since`].
    async fn look(&mut self, blobs: &BlobStore) -> Result<(), Error> {
        self.since = kept_since(blobs).await?;
        self.looked = Some(Instant::now());
        Ok(())
    }
}

/// Whether anything may be deleted: not while an index that was restored from a backup has not been accepted. It may know
/// less than the store holds.
pub async fn may_delete(index: &dyn Index) -> Result<bool, Error> {
    Ok(index.rows().mark(Mark::Restored).await?.is_none())
}

/// Fences the writers that are silent, and deletes what they wrote and never published. Tells how many orphans there were.
pub async fn sweep(
    index: &dyn Index,
    blobs: &BlobStore,
    me: WriterId,
    silence: Silence,
) -> Result<usize, Error> {
    let mut swept = 0;
    if !may_delete(index).await? {
        return Ok(swept);
    }
    for writer in index.fence_silent(me, silence).await? {
        let mut orphans = 0;
        let mut batches = blobs.blobs_of(writer, BATCH as usize);
        while let Some(found) = batches.try_next().await? {
            let known: HashSet<_> = index.known_blobs(found.clone()).await?.into_iter().collect();
            let unknown: Vec<_> = found.into_iter().filter(|blob| !known.contains(blob)).collect();
            blobs.delete(&unknown).await?;
            orphans += unknown.len();
        }
        blobs.remove_leftovers(writer).await?;
        index.writer_swept(writer).await?;
        if orphans > 0 {
            tracing::info!(%writer, orphans, "removed what a dead process had not published");
        }
        swept += orphans;
    }
    Ok(swept)
}

/// Says that this writer is alive, again and again. Returns only when another process has fenced it: what it writes is
/// then deleted, so it must stop.
pub async fn keep_alive(index: Arc<dyn Index>, writer: WriterId) {
    loop {
        match index.heartbeat(writer).await {
            Ok(()) => {}
            Err(Error::Fenced) => return,
            Err(error) => tracing::warn!(%error, "the writer could not renew its heartbeat"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}
