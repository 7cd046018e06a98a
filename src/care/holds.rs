//! The holds of backups, which keep blobs from being deleted.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::backup::kept_since;
use crate::storage::blobs::BlobStore;
use crate::storage::index::Index;
use crate::storage::index::rows::Mark;

/// How long the reaper relies on the holds that it has read.
const FRESH: Duration = Duration::from_mins(1);

/// Whether blobs may be deleted. If the index was restored from a backup and is not accepted yet, nothing may
/// be deleted: the index may not know all objects in the store.
pub(crate) async fn may_delete(index: &dyn Index) -> Result<bool, Error> {
    Ok(index.rows().mark(Mark::Restored).await?.is_none())
}

/// The holds of the backups in the store, as they were last read.
#[derive(Debug, Default)]
pub(crate) struct BackupHolds {
    /// A blob that was freed at this time or later may be needed by a backup.
    since: Option<Timestamp>,
    read_at: Option<Instant>,
}

impl BackupHolds {
    /// The time before which a blob must have been freed, so that it may be deleted. `now` is the time of the
    /// index's clock, which also gave the times at which blobs were freed.
    pub(crate) fn freed_before(&self, now: Timestamp, grace: Duration) -> Timestamp {
        let free = now.minus(grace);
        match (self.since, self.read_at) {
            // While a backup keeps blobs, the index is not asked for them in each round.
            (Some(since), Some(read_at)) if read_at.elapsed() < FRESH => free.min(since),
            _ => free,
        }
    }

    /// Reads the holds again. The freed blobs must have been read from the index before: see [`kept_since`].
    pub(crate) async fn refresh(&mut self, blobs: &BlobStore) -> Result<(), Error> {
        self.since = kept_since(blobs).await?;
        self.read_at = Some(Instant::now());
        Ok(())
    }
}
