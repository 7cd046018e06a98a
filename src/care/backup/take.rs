//! Taking a backup.

use std::collections::HashMap;
use std::time::Instant;

use tokio::task::JoinSet;

use super::manifest::{ChunkRef, Manifest};
use super::seals::Named;
use super::{Error, Progress};
use crate::encryption::KeyRing;
use crate::model::{InstallId, Timestamp};
use crate::storage;
use crate::storage::backup::{BackupId, Backups, Chunk, ChunkName, Cutter, RENEW};
use crate::storage::index::rows::transfer::Summing;
use crate::storage::index::rows::{Mark, Rows, TABLES};

/// Chunks that are written at a time.
const AT_ONCE: usize = 8;

/// A backup that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Its name.
    pub id: BackupId,
    /// Rows in it.
    pub rows: u64,
    /// Chunks in it.
    pub chunks: u64,
    /// Those of them that had to be written.
    pub written: u64,
    /// And their bytes.
    pub written_bytes: u64,
}

/// Takes a backup of an index as it is now. Others write on meanwhile.
pub async fn take(
    source: &dyn Rows,
    backups: &Backups,
    ring: &KeyRing,
    install: InstallId,
    progress: Progress<'_>,
) -> Result<Taken, Error> {
    let id = BackupId::new(Timestamp::now());
    // Before the index is read: from here on what it may refer to stays.
    backups.hold(&id).await?;
    let taken = make(source, backups, ring, install, &id, progress).await;
    if taken.is_err() {
        // Else it would hold until it is taken for dead.
        let _ = backups.forget(&id).await;
    }
    taken
}

async fn make(
    source: &dyn Rows,
    backups: &Backups,
    ring: &KeyRing,
    install: InstallId,
    id: &BackupId,
    progress: Progress<'_>,
) -> Result<Taken, Error> {
    let now = backups.held_at(id).await?.ok_or(Error::GivenUp)?;
    if backups.deleting(now).await? {
        return Err(Error::Deleting);
    }
    for set in backups.sets(Some(now)).await? {
        if set.dead {
            backups.forget(&set.id).await?;
        }
    }
    let known = backups.chunks().await?;
    let restored = source.mark(Mark::Restored).await?;
    let mut snapshot = source.snapshot().await?;
    let mut writing = Writing { backups, ring, known, tasks: JoinSet::new(), written: 0, written_bytes: 0 };
    let mut renewed = Instant::now();
    let mut manifest = Manifest::new(install, restored);
    for table in TABLES {
        let (mut cutter, mut summing) = (Cutter::new(table), Summing::of(table));
        let (mut chunks, mut last) = (Vec::new(), None);
        loop {
            let page = snapshot.page(table, last.as_deref()).await?;
            let Some(row) = page.last() else { break };
            last = Some(row[..table.key].to_vec());
            for row in &page {
                summing.add(row);
                if let Some(chunk) = cutter.add(row) {
                    chunks.push(writing.write(&chunk).await?);
                }
            }
            if renewed.elapsed() >= RENEW {
                renewed = Instant::now();
                if !backups.renew(id).await? {
                    return Err(Error::GivenUp);
                }
            }
            progress(table.name, summing.rows());
        }
        if let Some(chunk) = cutter.end() {
            chunks.push(writing.write(&chunk).await?);
        }
        manifest.add(table, &summing.sum(), chunks);
    }
    drop(snapshot);
    let (written, written_bytes) = writing.end().await?;
    if !backups.is_held(id).await? {
        return Err(Error::GivenUp);
    }
    backups.write_manifest(id, manifest.seal(ring, id)?).await?;
    // Whoever took it for dead before the manifest stood has removed the hold, and what it held may be gone. Nobody should have
    // deleted a chunk: it costs little to look.
    let (is_held, stand) = (backups.is_held(id).await?, backups.chunks().await?);
    if !is_held || !manifest.refs().all(|chunk| stand.contains_key(&chunk.name())) {
        return Err(Error::GivenUp);
    }
    Ok(Taken { id: id.clone(), rows: manifest.rows(), chunks: manifest.chunks(), written, written_bytes })
}

/// Chunks on their way to the store.
struct Writing<'a> {
    backups: &'a Backups,
    ring: &'a KeyRing,
    /// What the store has, with sizes.
    known: HashMap<ChunkName, u64>,
    tasks: JoinSet<Result<(), storage::Error>>,
    written: u64,
    written_bytes: u64,
}

impl Writing<'_> {
    /// Has a chunk written unless it is there.
    async fn write(&mut self, chunk: &Chunk) -> Result<ChunkRef, Error> {
        let named = Named::new(self.ring, &chunk.bytes);
        let (name, size) = (named.name, named.sealed_len());
        // One of another size was cut off: it is written anew.
        if self.known.insert(name, size) != Some(size) {
            while self.tasks.len() >= AT_ONCE {
                self.next().await?;
            }
            self.written += 1;
            self.written_bytes += size;
            let (backups, ring) = (self.backups.clone(), self.ring.clone());
            self.tasks.spawn(async move { backups.write_chunk(&name, named.seal(&ring)).await });
        }
        Ok(ChunkRef::new(&name, chunk.rows, chunk.bytes.len() as u64))
    }

    /// Waits for one to be written; `false` when all are.
    async fn next(&mut self) -> Result<bool, Error> {
        match self.tasks.join_next().await {
            None => Ok(false),
            Some(Ok(outcome)) => outcome.map(|()| true).map_err(Error::from),
            Some(Err(error)) => Err(storage::Error::Internal(Box::new(error)).into()),
        }
    }

    async fn end(mut self) -> Result<(u64, u64), Error> {
        while self.next().await? {}
        Ok((self.written, self.written_bytes))
    }
}
