//! Blobs that are written and not yet in the index.

use tracing::Instrument;

use super::BlobStore;
use crate::model::BlobId;
use crate::storage::Error;

/// A drop guard over blobs that are written and not yet published: an abandoned request leaves nothing
/// behind.
///
/// Hand the index command to [`Unpublished::publish`]. From its start the index decides: the command runs
/// even if its caller goes away, so blobs are deleted only if the index has certainly refused them.
#[must_use = "dropping it deletes the blobs"]
#[derive(Debug)]
pub struct Unpublished {
    store: BlobStore,
    ids: Vec<BlobId>,
}

impl Unpublished {
    pub(super) fn new(store: BlobStore) -> Self {
        Self { store, ids: Vec::new() }
    }

    /// Adds a blob to the guard.
    pub fn add(&mut self, id: BlobId) {
        self.ids.push(id);
    }

    /// Runs the index command that publishes the blobs, to its end even if its caller goes away.
    pub async fn publish<T: Send + 'static>(
        self,
        command: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.try_publish(command).await.0
    }

    /// Like [`Self::publish`], but returns the blobs that the index refused.
    pub async fn try_publish<T: Send + 'static>(
        mut self,
        command: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> (Result<T, Error>, Self) {
        let store = self.store.clone();
        let decided = async move {
            let ids = std::mem::take(&mut self.ids);
            let outcome = command.await;
            if outcome.as_ref().err().is_some_and(is_refusal) {
                self.ids = ids;
            }
            (outcome, self)
        };
        match tokio::spawn(decided.in_current_span()).await {
            Ok(decided) => decided,
            Err(error) => (Err(Error::Internal(error.into())), Self::new(store)),
        }
    }
}

/// Whether the error means that the command certainly did not happen. After other errors it may have
/// happened: if its blobs are orphans, they are found once this process is gone.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::NoSuchBucket
        | Error::BucketExists(_)
        | Error::NameTaken
        | Error::BucketNotEmpty
        | Error::NoSuchObject { .. }
        | Error::NoSuchUpload
        | Error::PreconditionFailed
        | Error::Changed
        | Error::TooManyReferences
        | Error::Fenced
        | Error::Full
        | Error::Seal => true,
        Error::BlobDamaged { .. } | Error::Unavailable(_) | Error::Damaged(_) | Error::Internal(_) => false,
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        let ids = std::mem::take(&mut self.ids);
        if ids.is_empty() {
            return;
        }
        let store = self.store.clone();
        // Without a runtime the process is ending: the next start sweeps the blobs.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = store.delete(&ids).await {
                    tracing::warn!(%error, blobs = ids.len(), "could not delete the blobs of an abandoned write");
                }
            });
        }
    }
}
