//! Writing one blob as it is sealed: a buffer fills while the previous one is written.

use bytes::{Bytes, BytesMut};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::JoinHandle;

use super::buffers::Share;
use super::{BlobStore, paths, unavailable};
use crate::model::BlobId;
use crate::storage::Error;

/// A blob that is durable in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a stored blob is to be published, or deleted"]
pub struct Stored {
    pub id: BlobId,
    /// Its sealed bytes.
    pub sealed: u64,
}

/// Writes a blob. Dropped without [`BlobWriter::finish`], it removes what it has written.
///
/// ```text
/// loop {
///     let mut buffer = writer.buffer().await?;
///     … fill it …
///     if more { writer.write(buffer).await? } else { break writer.finish(buffer).await }
/// }
/// ```
#[derive(Debug)]
pub struct BlobWriter {
    store: BlobStore,
    id: BlobId,
    sealed: u64,
    expected: Option<u64>,
    /// This writer's shares of the budget: never more than two buffers.
    shares: Vec<Share>,
    spare: Option<BytesMut>,
    cleanup: Cleanup,
}

/// The unfinished upload, and its request under way.
#[derive(Debug)]
struct Cleanup {
    store: BlobStore,
    id: BlobId,
    upload: Option<Box<dyn MultipartUpload>>,
    flight: Option<Flight>,
    armed: bool,
}

#[derive(Debug)]
struct Flight {
    request: JoinHandle<object_store::Result<()>>,
    bytes: Bytes,
}

impl BlobWriter {
    pub(super) fn new(store: BlobStore, id: BlobId) -> Self {
        let cleanup = Cleanup { store: store.clone(), id, upload: None, flight: None, armed: false };
        Self { store, id, sealed: 0, expected: None, shares: Vec::new(), spare: None, cleanup }
    }

    /// Sets the length of the sealed blob, so that a small one takes a small buffer.
    #[must_use]
    pub fn expecting(mut self, sealed: u64) -> Self {
        self.expected = Some(sealed);
        self
    }

    /// The blob's id.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// The number of sealed bytes that a buffer should hold when it is handed to [`BlobWriter::write`].
    pub fn buffer_size(&self) -> usize {
        let size = self.store.buffers.size();
        self.expected
            .and_then(|expected| usize::try_from(expected).ok())
            .map_or(size, |expected| expected.min(size))
    }

    /// An empty buffer of [`BlobWriter::buffer_size`]. Waits for a share of the budget, or for the previous
    /// write: a writer that has a buffer never waits for other writers.
    pub async fn buffer(&mut self) -> Result<BytesMut, Error> {
        if let Some(spare) = self.spare.take() {
            return Ok(spare);
        }
        let size = self.buffer_size();
        let share = match self.shares.len() {
            0 => Some(self.store.buffers.acquire(size).await?),
            1 => self.store.buffers.try_acquire(size),
            _ => None,
        };
        if let Some(share) = share {
            let buffer = self.store.buffers.allocate(&share);
            self.shares.push(share);
            return Ok(buffer);
        }
        self.land().await?;
        Ok(self.spare.take().unwrap_or_else(|| BytesMut::with_capacity(size)))
    }

    /// Hands over a full buffer, and returns while it is written. At most one write is under way.
    pub async fn write(&mut self, full: BytesMut) -> Result<(), Error> {
        self.store.take_room(full.len())?;
        self.land().await?;
        self.sealed += full.len() as u64;
        let bytes = full.freeze();
        let upload = match &mut self.cleanup.upload {
            Some(upload) => upload,
            none => {
                self.store.counts.put();
                let path = paths::blob(&self.id);
                let begin = async {
                    self.store.make_way(&path).await?;
                    self.store.store.put_multipart(&path).await
                };
                let upload = self.store.watch.time("begin", begin).await.map_err(unavailable)?;
                none.insert(upload)
            }
        };
        self.cleanup.armed = true;
        self.store.counts.put();
        let (watch, part) = (self.store.watch.clone(), upload.put_part(bytes.clone().into()));
        let request = tokio::spawn(async move { watch.time("part", part).await });
        self.cleanup.flight = Some(Flight { request, bytes });
        Ok(())
    }

    /// Writes the last buffer. When it returns the blob is durable.
    pub async fn finish(mut self, last: BytesMut) -> Result<Stored, Error> {
        if self.cleanup.upload.is_some() {
            if !last.is_empty() {
                self.write(last).await?;
            }
            self.land().await?;
            self.complete().await?;
        } else {
            self.store.take_room(last.len())?;
            self.sealed = last.len() as u64;
            self.put(last.freeze()).await?;
        }
        self.cleanup.armed = false;
        if let Some(spare) = self.spare.take() {
            self.store.buffers.recycle(spare);
        }
        Ok(Stored { id: self.id, sealed: self.sealed })
    }

    async fn complete(&mut self) -> Result<(), Error> {
        let Some(mut upload) = self.cleanup.upload.take() else { return Ok(()) };
        self.store.counts.put();
        let (store, path, sealed) = (self.store.clone(), paths::blob(&self.id), self.sealed);
        // In a task of its own: it runs to its end even if the caller goes away, and then its blob is
        // deleted.
        let request = tokio::spawn(async move {
            let outcome = store.watch.time("complete", upload.complete()).await;
            // If the answer was lost, the retry finds that the upload no longer exists: the blob is there,
            // and whole.
            if outcome.is_err()
                && !matches!(store.watch.time("head", store.store.head(&path)).await, Ok(found) if found.size == sealed)
            {
                let _ = store.watch.time("abort", upload.abort()).await;
                return outcome.map(|_| ());
            }
            Ok(())
        });
        self.cleanup.flight = Some(Flight { request, bytes: Bytes::new() });
        self.land().await
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.store.counts.put();
        self.cleanup.armed = true;
        let (store, path) = (self.store.clone(), paths::blob(&self.id));
        let payload = PutPayload::from_bytes(bytes.clone());
        let request = tokio::spawn(async move {
            let put = async {
                store.make_way(&path).await?;
                store.store.put_opts(&path, payload, store.put_mode.clone().into()).await
            };
            store.watch.time("put", put).await.map(|_| ())
        });
        self.cleanup.flight = Some(Flight { request, bytes });
        self.land().await
    }

    /// Waits for the request under way, and takes its buffer back.
    async fn land(&mut self) -> Result<(), Error> {
        let Some(flight) = &mut self.cleanup.flight else { return Ok(()) };
        let outcome = (&mut flight.request).await;
        let flight = self.cleanup.flight.take();
        let outcome = outcome.map_err(|error| Error::Internal(Box::new(error)))?;
        // The blob under that name does not belong to this writer, so it is not removed.
        self.cleanup.armed &= !matches!(outcome, Err(object_store::Error::AlreadyExists { .. }));
        outcome.map_err(unavailable)?;
        if let Some(Ok(mut buffer)) = flight.map(|flight| flight.bytes.try_into_mut()) {
            buffer.clear();
            if let Some(other) = self.spare.replace(buffer) {
                self.store.buffers.recycle(other);
            }
        }
        Ok(())
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let (store, id) = (self.store.clone(), self.id);
        let (upload, flight) = (self.upload.take(), self.flight.take());
        // Without a runtime the process is ending: the next start sweeps the blobs.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Some(flight) = flight {
                let _ = flight.request.await;
            }
            let aborted = match upload {
                Some(mut upload) => store.watch.time("abort", upload.abort()).await.map_err(unavailable),
                None => store.delete(&[id]).await,
            };
            if let Err(error) = aborted {
                tracing::warn!(%error, blob = %id, "could not remove an abandoned blob");
            }
        });
    }
}
