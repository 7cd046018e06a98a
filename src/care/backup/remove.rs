//! Listing backups, and deleting them.

use std::collections::HashSet;
use std::time::Instant;

use crate::care::backup::error::Error;
use crate::care::backup::manifest::{ChunkRef, Manifest};
use crate::care::progress::ReportProgress;
use crate::encryption::KeyRing;
use crate::model::Timestamp;
use crate::storage::backup::{BackupId, Backups, ChunkName, RENEW, Set};

/// The number of chunks that are deleted together.
const BATCH: usize = 500;

/// The outcome of deleting backups.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Removed {
    pub backups: u64,
    /// Chunks that no remaining backup names.
    pub chunks: u64,
    /// Another backup is being taken, or its process was killed a short time ago. So chunks that nobody needs
    /// may remain until the next deletion.
    pub others: bool,
}

/// Lists all backups, oldest first, each with its manifest or the error of reading it. A backup that is not
/// complete has `None`.
pub(crate) async fn list(
    backups: &Backups,
    ring: &KeyRing,
) -> Result<Vec<(Set, Option<Result<Manifest, Error>>)>, Error> {
    let mut listed = Vec::new();
    for set in backups.sets(None).await? {
        let manifest = if set.whole { Some(Manifest::read(backups, ring, &set.id).await) } else { None };
        listed.push((set, manifest));
    }
    Ok(listed)
}

/// All complete backups but the newest `keep`. The backup `taken`, which has just been taken, is never among
/// them: if this process's clock is slow, that backup may look older than the backups of other processes.
pub async fn old(backups: &Backups, keep: usize, taken: &BackupId) -> Result<Vec<BackupId>, Error> {
    let sets = backups.sets(None).await?;
    let mut whole: Vec<_> = sets.into_iter().filter(|set| set.whole).map(|set| set.id).collect();
    whole.truncate(whole.len().saturating_sub(keep.max(1)));
    whole.retain(|id| id != taken);
    Ok(whole)
}

/// Deletes these backups, and the chunks that no remaining backup names.
pub async fn remove(
    backups: &Backups,
    ring: &KeyRing,
    which: &[BackupId],
    progress: ReportProgress<'_>,
) -> Result<Removed, Error> {
    let mark = BackupId::new(Timestamp::now());
    let removed = remove_marked(backups, ring, which, &mark, progress).await;
    let ended = backups.end_deletion(&mark).await;
    let removed = removed?;
    ended?;
    Ok(removed)
}

async fn remove_marked(
    backups: &Backups,
    ring: &KeyRing,
    which: &[BackupId],
    mark: &BackupId,
    progress: ReportProgress<'_>,
) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let now = backups.announce_deletion(mark).await?;
    let (mut kept, mut known) = (HashSet::new(), HashSet::new());
    for set in backups.sets(Some(now)).await? {
        if set.dead || which.contains(&set.id) {
            removed.backups += u64::from(set.whole);
            backups.forget(&set.id).await?;
        } else if set.whole {
            // If another process has deleted the backup, it needs no chunks. Any other manifest that cannot
            // be read ends the deletion: nobody knows which chunks its backup needs.
            let manifest = match Manifest::read(backups, ring, &set.id).await {
                Err(Error::NoSuchBackup(_)) => continue,
                manifest => manifest?,
            };
            kept.extend(manifest.chunk_refs().map(ChunkRef::name));
            known.insert(set.id);
        }
    }
    let unnamed: Vec<ChunkName> =
        backups.chunks().await?.into_keys().filter(|name| !kept.contains(name)).collect();
    let mut renewed = Instant::now();
    for batch in unnamed.chunks(BATCH) {
        // A process that begins a backup after this mark was made sees the mark, and gives way. A backup that
        // was not read above began before the mark, or this process renewed the mark too late.
        if renewed.elapsed() >= RENEW {
            backups.announce_deletion(mark).await?;
            renewed = Instant::now();
        }
        if backups.sets(None).await?.iter().any(|set| !known.contains(&set.id)) {
            removed.others = true;
            break;
        }
        backups.delete_chunks(batch).await?;
        removed.chunks += batch.len() as u64;
        progress("chunks deleted", removed.chunks);
    }
    Ok(removed)
}
