//! What backups keep from being deleted.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::backup::kept_since;
use crate::storage::blobs::BlobStore;
use crate::storage::index::Index;
use crate::storage::index::rows::Mark;

/// How often the reaper looks whether backups still keep what they kept.
const LOOK: Duration = Duration::from_mins(1);

/// Whether anything may be deleted: not while an index that was restored from a backup has not been accepted. It may know
/// less than the store holds.
pub async fn may_delete(index: &dyn Index) -> Result<bool, Error> {
    Ok(index.rows().mark(Mark::Restored).await?.is_none())
}

/// What backups need, as it was when it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct BackupHolds {
    since: Option<Timestamp>,
    looked: Option<Instant>,
}

impl BackupHolds {
    /// Blobs that were freed before this time may go, where it is `now` by the index's clock, which they were freed by.
    pub(crate) fn freed_before(&self, now: Timestamp, grace: Duration) -> Timestamp {
        let free = now.minus(grace);
        match (self.since, self.looked) {
            // While a backup keeps them the index need not be asked for them each round, but now and then.
            (Some(since), Some(looked)) if looked.elapsed() < LOOK => free.min(since),
            _ => free,
        }
    }

    /// Looks again. The index must have told of the freed blobs before: see [`kept_since`].
    pub(crate) async fn refresh(&mut self, blobs: &BlobStore) -> Result<(), Error> {
        self.since = kept_since(blobs).await?;
        self.looked = Some(Instant::now());
        Ok(())
    }
}
