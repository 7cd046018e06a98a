//! The backups of the index: they lie in the object store, beside the blobs.
//!
//! A backup is a set: a *hold*, written before the index is read, and a *manifest*, written last, which names
//! the sealed chunks with its rows. Backups share chunks. The contents of manifests and chunks are sealed by
//! `care`: for this module they are opaque bytes.
//!
//! Two rules keep a backup whole while others write and delete:
//!
//! - **Blobs.** While any hold or manifest exists, no blob is deleted that was freed after the oldest of them
//!   began ([`kept_since`]).
//! - **Chunks.** A process that deletes chunks first announces it ([`Backups::announce_deletion`]), and then
//!   looks for backups that are being made. A process that makes a backup first writes its hold, and then
//!   looks for deletions. So at least one of the two sees the other, and gives way. The mark of a process
//!   that died no longer counts after [`STALE`].

mod cut;
mod id;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};

pub use cut::{Chunk, Cutter};
pub use id::{BackupId, origin, restored_from, set_back_to};

use super::Error;
use super::blobs::{BlobStore, paths, unavailable};
use crate::model::Timestamp;

/// The age at which the mark of a process no longer counts. A process at work renews it more often.
pub const STALE: Duration = Duration::from_mins(15);
/// The interval at which a process at work renews its mark.
pub const RENEW: Duration = Duration::from_mins(1);
/// The most by which a backup's time may be too late: clocks differ, and a command may take its time before
/// it waits.
const MARGIN: Duration = Duration::from_hours(1);

/// A chunk's name: a keyed hash of its contents.
pub type ChunkName = [u8; 32];

/// A backup in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Set {
    pub id: BackupId,
    /// Whether it has its manifest.
    pub whole: bool,
    /// Whether it has no manifest, and its process gave no sign of life for [`STALE`].
    pub dead: bool,
}

/// The backups in a store.
#[derive(Clone, Debug)]
pub struct Backups(BlobStore);

impl Backups {
    /// The backups in the store that holds these blobs.
    pub fn new(store: BlobStore) -> Self {
        Self(store)
    }

    fn store(&self) -> &dyn ObjectStore {
        self.0.objects()
    }

    async fn write(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        self.store()
            .put_opts(path, bytes.into(), PutMode::Overwrite.into())
            .await
            .map(|_| ())
            .map_err(unavailable)
    }

    async fn read(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        match self.store().get(path).await {
            Ok(found) => found.bytes().await.map(Some).map_err(unavailable),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn remove(&self, path: &Path) -> Result<(), Error> {
        match self.store().delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    // ---- sets
    // ---------------------------------------------------------------------------------------------

    /// Begins a backup.
    pub async fn hold(&self, id: &BackupId) -> Result<(), Error> {
        self.write(&paths::backup_hold(id.as_str()), Bytes::new()).await
    }

    /// Renews the mark of a backup that is being made, if its hold still exists. The hold itself is never
    /// written again: if others have removed it meanwhile, the blobs that it held may be gone.
    pub async fn renew(&self, id: &BackupId) -> Result<bool, Error> {
        let is_held = self.is_held(id).await?;
        if is_held {
            self.write(&paths::backup_renewal(id.as_str()), Bytes::new()).await?;
        }
        Ok(is_held)
    }

    /// Whether the hold still exists. Others remove a hold that was not renewed for long, and it never comes
    /// back.
    pub async fn is_held(&self, id: &BackupId) -> Result<bool, Error> {
        Ok(self.written(&paths::backup_hold(id.as_str())).await?.is_some())
    }

    /// Writes the manifest. From now on the backup is whole.
    pub async fn write_manifest(&self, id: &BackupId, sealed: Bytes) -> Result<(), Error> {
        self.write(&paths::backup_manifest(id.as_str()), sealed).await
    }

    /// Reads a backup's manifest; `None` if there is no such backup, or if it never became whole.
    pub async fn manifest(&self, id: &BackupId) -> Result<Option<Bytes>, Error> {
        self.read(&paths::backup_manifest(id.as_str())).await
    }

    /// Forgets a backup. The manifest goes first, and the hold last.
    pub async fn forget(&self, id: &BackupId) -> Result<(), Error> {
        self.remove(&paths::backup_manifest(id.as_str())).await?;
        self.remove(&paths::backup_hold(id.as_str())).await?;
        self.remove(&paths::backup_renewal(id.as_str())).await
    }

    /// All backups, oldest first. `now` is the store's time of something that this process has just written:
    /// the ages of other marks are measured by it. Without it, none counts as dead.
    pub async fn sets(&self, now: Option<Timestamp>) -> Result<Vec<Set>, Error> {
        let mut sets = BTreeMap::new();
        let mut found = self.store().list(Some(&paths::backup_sets()));
        while let Some(meta) = found.try_next().await.map_err(unavailable)? {
            let Some((id, manifest)) = paths::parse_backup(&meta.location) else { continue };
            let Some(id) = BackupId::parse(id) else { continue };
            let (whole, renewed) = sets.entry(id).or_insert((false, None));
            *whole |= manifest;
            if !manifest {
                *renewed = (*renewed).max(Some(modified(&meta)));
            }
        }
        let dead = |renewed: Option<Timestamp>| match (renewed, now) {
            (Some(renewed), Some(now)) => renewed < now.minus(STALE),
            _ => false,
        };
        let set = |(id, (whole, renewed))| Set { id, whole, dead: !whole && dead(renewed) };
        Ok(sets.into_iter().map(set).collect())
    }

    /// The store's time of a hold that was just written.
    pub async fn held_at(&self, id: &BackupId) -> Result<Option<Timestamp>, Error> {
        self.written(&paths::backup_hold(id.as_str())).await
    }

    async fn written(&self, path: &Path) -> Result<Option<Timestamp>, Error> {
        match self.store().head(path).await {
            Ok(meta) => Ok(Some(modified(&meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    // ---- chunks
    // ---------------------------------------------------------------------------------------------

    /// Writes a chunk. A chunk that exists already has the same contents.
    pub async fn write_chunk(&self, name: &ChunkName, sealed: Bytes) -> Result<(), Error> {
        self.write(&paths::backup_chunk(name), sealed).await
    }

    /// Reads a chunk; `None` if it does not exist.
    pub async fn chunk(&self, name: &ChunkName) -> Result<Option<Bytes>, Error> {
        self.read(&paths::backup_chunk(name)).await
    }

    /// All chunks with their sizes.
    pub async fn chunks(&self) -> Result<HashMap<ChunkName, u64>, Error> {
        let found = self.store().list(Some(&paths::backup_chunks()));
        let chunk =
            |meta: ObjectMeta| paths::parse_backup_chunk(&meta.location).map(|name| (name, meta.size));
        found
            .try_filter_map(|meta| std::future::ready(Ok(chunk(meta))))
            .try_collect()
            .await
            .map_err(unavailable)
    }

    pub async fn delete_chunks(&self, names: &[ChunkName]) -> Result<(), Error> {
        let paths: Vec<_> = names.iter().map(|name| Ok(paths::backup_chunk(name))).collect();
        let mut outcomes: BoxStream<'_, _> = self.store().delete_stream(stream::iter(paths).boxed());
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(())
    }

    /// Announces that chunks will be deleted, and returns the store's time of that.
    pub async fn announce_deletion(&self, id: &BackupId) -> Result<Timestamp, Error> {
        let path = paths::backup_deletion(id.as_str());
        self.write(&path, Bytes::new()).await?;
        self.written(&path).await?.ok_or_else(|| Error::Unavailable("a mark came and went".into()))
    }

    /// Ends the announcement: no more chunks will be deleted.
    pub async fn end_deletion(&self, id: &BackupId) -> Result<(), Error> {
        self.remove(&paths::backup_deletion(id.as_str())).await
    }

    /// Whether chunks are being deleted, as far as the marks say at this time of the store's clock. Removes
    /// the marks of dead processes.
    pub async fn deleting(&self, now: Timestamp) -> Result<bool, Error> {
        let marks: Vec<_> =
            self.store().list(Some(&paths::backup_deletions())).try_collect().await.map_err(unavailable)?;
        let mut alive = false;
        for mark in marks {
            if modified(&mark) < now.minus(STALE) {
                self.remove(&mark.location).await?;
            } else {
                alive = true;
            }
        }
        Ok(alive)
    }
}

/// The time since which freed blobs must stay, because of the oldest backup that exists or is being made,
/// less a margin. `None` if there is no backup.
///
/// Ask this *after* the index has listed the free blobs. A backup that is not seen then has not yet begun,
/// and will find those blobs freed.
pub async fn kept_since(store: &BlobStore) -> Result<Option<Timestamp>, Error> {
    let sets = Backups::new(store.clone()).sets(None).await?;
    Ok(sets.first().map(|set| set.id.began().minus(MARGIN)))
}

fn modified(meta: &ObjectMeta) -> Timestamp {
    Timestamp::from_system(meta.last_modified.into())
}
