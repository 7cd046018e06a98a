//! Looking at everything in the store, for a check of the index against it.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};

use super::{BlobStore, local, paths, unavailable};
use crate::model::BlobId;
use crate::storage::Error;

/// An object in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its name in the store.
    pub name: String,
    /// The blob; `None` for an object that is not ours.
    pub blob: Option<BlobId>,
    pub size: u64,
}

impl BlobStore {
    /// Everything in the store except its own record and its backups, `batch` at a time, in no order.
    pub fn survey(&self, batch: usize) -> BoxStream<'static, Result<Vec<Found>, Error>> {
        let record = paths::install();
        let found = self.watch.listing(self.store.list(None)).try_filter_map(move |meta| {
            let ours = meta.location == record || meta.location.as_ref().starts_with(paths::BACKUPS);
            let found = (!ours).then(|| Found {
                blob: paths::parse_blob(&meta.location),
                name: meta.location.into(),
                size: meta.size,
            });
            std::future::ready(Ok(found))
        });
        found.try_chunks(batch).map_err(|error| unavailable(error.1)).boxed()
    }

    /// The number of unfinished blobs in a local folder: no listing shows them.
    pub async fn unfinished(&self) -> Result<u64, Error> {
        let Some(folders) = self.folders.clone() else { return Ok(0) };
        tokio::task::spawn_blocking(move || local::unfinished(folders.root()))
            .await
            .map_err(|error| Error::Internal(Box::new(error)))?
            .map_err(|error| Error::Unavailable(Box::new(error)))
    }
}
