//! Looking at backups, and deleting them.

use std::collections::HashSet;
use std::time::Instant;

use super::{Error, Manifest, Progress};
use crate::encryption::KeyRing;
use crate::model::Timestamp;
use crate::storage::backup::{BackupId, Backups, ChunkName, RENEW, Set};

/// Chunks that are deleted at a time.
const BATCH: usize = 500;

/// What was deleted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Removed {
    /// Backups.
    pub backups: u64,
    /// Chunks that no other backup has.
    pub chunks: u64,
    /// Another backup is being made, or was killed a moment ago: chunks that nobody needs stay until the next time.
    pub others: bool,
}

/// All backups, oldest first, each with its manifest, or why that cannot be read; `None` for one that is being made.
pub async fn list(
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

/// All backups but the newest `keep`. This one, which was just taken, is never among them: by a clock that is behind it may
/// look older than what others took meanwhile.
pub async fn old(backups: &Backups, keep: usize, taken: &BackupId) -> Result<Vec<BackupId>, Error> {
    let sets = backups.sets(None).await?;
    let mut whole: Vec<_> = sets.into_iter().filter(|set| set.whole).map(|set| set.id).collect();
    whole.truncate(whole.len().saturating_sub(keep.max(1)));
    whole.retain(|id| id != taken);
    Ok(whole)
}

/// Deletes backups, and the chunks that no other one names.
pub async fn remove(
    backups: &Backups,
    ring: &KeyRing,
    which: &[BackupId],
    progress: Progress<'_>,
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
    progress: Progress<'_>,
) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    let now = backups.announce_deletion(mark).await?;
    let (mut kept, mut known) = (HashSet::new(), HashSet::new());
    for set in backups.sets(Some(now)).await? {
        if set.dead || which.contains(&set.id) {
            removed.backups += u64::from(set.whole);
            backups.forget(&set.id).await?;
        } else if set.whole {
            // One that cannot be read ends it: nobody knows which chunks it needs. One that another has deleted needs none.
            let manifest = match Manifest::read(backups, ring, &set.id).await {
                Err(Error::NoSuchBackup(_)) => continue,
                manifest => manifest?,
            };
            kept.extend(manifest.refs().map(super::manifest::ChunkRef::name));
            known.insert(set.id);
        }
    }
    let unnamed: Vec<ChunkName> =
        backups.chunks().await?.into_keys().filter(|name| !kept.contains(name)).collect();
    let mut renewed = Instant::now();
    for batch in unnamed.chunks(BATCH) {
        // Whoever begins a backup after this mark was made sees it and gives way. A backup that is not among those that
        // were read began before, or this mark was renewed too late.
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
