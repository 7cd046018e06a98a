//! Taking a backup.

use std::collections::HashMap;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::care::backup::error::Error;
use crate::care::backup::manifest::{ChunkRef, Manifest};
use crate::care::backup::seals::NamedChunk;
use crate::care::progress::ReportProgress;
use crate::encryption::KeyRing;
use crate::model::{InstallId, Timestamp};
use crate::storage;
use crate::storage::backup::{BackupId, Backups, Chunk, ChunkName, Cutter, RENEW};
use crate::storage::index::rows::transfer::Summing;
use crate::storage::index::rows::{Mark, Rows, TABLES};

/// The number of chunks that are written at the same time.
const AT_ONCE: usize = 8;

/// A backup that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    pub id: BackupId,
    pub rows: u64,
    pub chunks: u64,
    /// The chunks that the store did not have yet.
    pub written: u64,
    /// The sealed bytes of these chunks.
    pub written_bytes: u64,
}

/// Takes a backup of an index as it is now. Other processes may write at the same time.
pub async fn take(
    source: &dyn Rows,
    backups: &Backups,
    ring: &KeyRing,
    install: InstallId,
    progress: ReportProgress<'_>,
) -> Result<Taken, Error> {
    let id = BackupId::new(Timestamp::now());
    // The hold comes before the index is read: from here on, no blob that the index may refer to is deleted.
    backups.hold(&id).await?;
    let taken = make(source, backups, ring, install, &id, progress).await;
    if taken.is_err() {
        // Otherwise the hold would keep blobs until the backup is taken for dead.
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
    progress: ReportProgress<'_>,
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
    let mut writer =
        ChunkWriter { backups, ring, known, tasks: JoinSet::new(), written: 0, written_bytes: 0 };
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
                    chunks.push(writer.write(&chunk).await?);
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
            chunks.push(writer.write(&chunk).await?);
        }
        manifest.add(table, &summing.sum(), chunks);
    }
    drop(snapshot);
    let (written, written_bytes) = writer.end().await?;
    if !backups.is_held(id).await? {
        return Err(Error::GivenUp);
    }
    backups.write_manifest(id, manifest.seal(ring, id)?).await?;
    // If another process took this backup for dead before its manifest existed, that process has removed the
    // hold, and blobs may be deleted. Nobody should have deleted a chunk, but it costs little to look.
    let (is_held, stored) = (backups.is_held(id).await?, backups.chunks().await?);
    if !is_held || !manifest.chunk_refs().all(|chunk| stored.contains_key(&chunk.name())) {
        return Err(Error::GivenUp);
    }
    Ok(Taken { id: id.clone(), rows: manifest.rows(), chunks: manifest.chunks(), written, written_bytes })
}

/// Writes chunks to the store, several at the same time.
struct ChunkWriter<'a> {
    backups: &'a Backups,
    ring: &'a KeyRing,
    /// The chunks in the store, with their sizes.
    known: HashMap<ChunkName, u64>,
    tasks: JoinSet<Result<(), storage::Error>>,
    written: u64,
    written_bytes: u64,
}

impl ChunkWriter<'_> {
    /// Starts to write a chunk, unless the store has it.
    async fn write(&mut self, chunk: &Chunk) -> Result<ChunkRef, Error> {
        let named = NamedChunk::new(self.ring, &chunk.bytes);
        let (name, size) = (named.name, named.sealed_len());
        // A chunk of another size was cut off, so it is written again.
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

    /// Waits until one more chunk is written. `false` when all are written.
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
