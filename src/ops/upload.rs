//! From a body to one sealed blob: sealed in place as bytes arrive, digested on the way, in bounded memory.
//!
//! A small body never leaves one small buffer and goes into the index with its version. A larger one flows through the
//! blob writer's buffers: one is filled while the one before is written.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;

use super::Error;
use super::digest::Digester;
use super::gateway::Gateway;
use crate::encryption::layout::{CHUNK, HEADER_LEN, TAG, sealed_len};
use crate::encryption::{DataKey, Sealer};
use crate::http::body::{Body, BodyError};
use crate::model::BlobId;
use crate::storage::blobs::{BlobStore, BlobWriter};
use crate::storage::index::NewBlob;

/// A sealed chunk with its tag.
const SEALED_CHUNK: usize = CHUNK + TAG;

/// A body that has been read to its end, sealed and, where it is large, stored durably.
pub struct Uploaded {
    /// What the index must be told.
    pub blob: NewBlob,
    /// The key that opens it.
    pub key: DataKey,
    /// Deletes the stored blob when dropped, until it is committed.
    pub cleanup: Cleanup,
}

/// Seals a body into a blob. On any error nothing stays behind.
pub async fn upload(gateway: &Gateway, body: Body, digester: &mut Digester) -> Result<Uploaded, Error> {
    let limit = gateway.limits.max_put;
    if body.length.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge { limit });
    }
    let id = BlobId::random(gateway.writer);
    let key = DataKey::generate();
    let sealer = Sealer::new(gateway.cipher, &key, id.as_bytes());
    let mut sink = Sink::new(gateway, id, sealer, body.length);
    let mut stream = body.stream;
    let mut length = 0u64;
    while let Some(frame) = stream.next().await {
        let frame: Bytes = frame?;
        length += frame.len() as u64;
        if length > limit {
            return Err(Error::TooLarge { limit });
        }
        if body.length.is_some_and(|declared| length > declared) {
            return Err(BodyError::TooLong.into());
        }
        digester.update(&frame);
        sink.extend(&frame).await?;
    }
    if body.length.is_some_and(|declared| length < declared) {
        return Err(BodyError::Incomplete.into());
    }
    let header = sink.sealer.header().to_vec();
    let (inline, cleanup) = sink.finish().await?;
    Ok(Uploaded { blob: NewBlob { id, header, length, inline }, key, cleanup })
}

/// Collects plaintext into chunks, seals each in its place, and passes full buffers on.
struct Sink<'g> {
    gateway: &'g Gateway,
    id: BlobId,
    sealer: Sealer,
    /// Sealed chunks, then the plaintext of the chunk that is being filled.
    buffer: BytesMut,
    /// Where that chunk begins in the buffer.
    chunk: usize,
    /// Takes full buffers; made once the body has outgrown what the index keeps.
    writer: Option<BlobWriter>,
    inline_limit: usize,
}

impl<'g> Sink<'g> {
    fn new(gateway: &'g Gateway, id: BlobId, sealer: Sealer, declared: Option<u64>) -> Self {
        let inline_limit = gateway.limits.inline_bytes;
        let expected = declared.map_or(u64::MAX, sealed_len);
        let capacity = usize::try_from(expected).unwrap_or(usize::MAX).min(inline_limit.max(HEADER_LEN));
        let mut buffer = BytesMut::with_capacity(capacity);
        buffer.put_slice(sealer.header());
        Self { gateway, id, sealer, buffer, chunk: HEADER_LEN, writer: None, inline_limit }
    }

    async fn extend(&mut self, mut data: &[u8]) -> Result<(), Error> {
        while !data.is_empty() {
            let filled = self.buffer.len() - self.chunk;
            if filled == CHUNK {
                self.seal(false)?;
                continue;
            }
            let take = data.len().min(CHUNK - filled);
            if self.writer.is_none() && self.buffer.len() + take + TAG > self.inline_limit {
                self.outgrow().await?;
            }
            if filled == 0 && self.buffer.len() + SEALED_CHUNK > self.buffer.capacity() {
                self.pass_on().await?;
            }
            self.buffer.put_slice(&data[..take]);
            data = &data[take..];
        }
        Ok(())
    }

    /// Moves from the small buffer to the blob writer's.
    async fn outgrow(&mut self) -> Result<(), Error> {
        let mut writer = self.gateway.blobs.writer(self.id);
        let mut buffer = writer.buffer().await?;
        buffer.put_slice(&self.buffer);
        self.buffer = buffer;
        self.writer = Some(writer);
        Ok(())
    }

    /// Hands a buffer of whole sealed chunks to the writer and takes the next. Does nothing while the body is small.
    async fn pass_on(&mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let full = std::mem::take(&mut self.buffer);
        writer.write(full).await?;
        self.buffer = writer.buffer().await?;
        self.chunk = 0;
        Ok(())
    }

    /// Seals the chunk that is being filled.
    fn seal(&mut self, last: bool) -> Result<(), Error> {
        let tag = self.sealer.seal_chunk(&mut self.buffer[self.chunk..], last)?;
        self.buffer.put_slice(&tag);
        self.chunk = self.buffer.len();
        Ok(())
    }

    /// Seals the last chunk and makes the blob durable, or gives it back for the index to keep.
    async fn finish(mut self) -> Result<(Option<Bytes>, Cleanup), Error> {
        self.seal(true)?;
        if self.writer.is_none() && (self.buffer.len() > self.inline_limit || self.inline_limit == 0) {
            self.outgrow().await?;
        }
        let Some(writer) = self.writer else { return Ok((Some(self.buffer.freeze()), Cleanup::nothing())) };
        writer.finish(self.buffer).await?;
        Ok((None, Cleanup::of(self.gateway.blobs.clone(), self.id)))
    }
}

/// Deletes a stored blob that no version came to name.
pub struct Cleanup(Option<(BlobStore, BlobId)>);

impl Cleanup {
    fn nothing() -> Self {
        Self(None)
    }

    fn of(blobs: BlobStore, id: BlobId) -> Self {
        Self(Some((blobs, id)))
    }

    /// The index names the blob now: keep it.
    pub fn commit(mut self) {
        self.0 = None;
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if let Some((blobs, id)) = self.0.take() {
            // Best effort: what a crash leaves here is an orphan of a fenced writer, and is found as one.
            tokio::spawn(async move {
                if let Err(error) = blobs.delete(&[id]).await {
                    tracing::warn!(blob = %id, %error, "an unpublished blob could not be deleted");
                }
            });
        }
    }
}
