//! Turns a body into one sealed blob: bytes are digested and sealed in place as they arrive, in bounded
//! memory.
//!
//! A small body stays in one small buffer and is stored in the index with its version. A larger body passes
//! through the blob writer's buffers: one buffer is filled while the buffer before is written.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;

use crate::encryption::layout::{CHUNK, HEADER_LEN, TAG, sealed_len};
use crate::encryption::{DataKey, Sealer};
use crate::http::body::{Body, BodyError};
use crate::model::BlobId;
use crate::ops::bytes::digest::Digester;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage::blobs::{BlobWriter, Unpublished};
use crate::storage::index::NewBlob;

/// A sealed chunk with its tag.
const SEALED_CHUNK: usize = CHUNK + TAG;

/// A body that has been read to its end and sealed. A large body is also stored durably.
pub struct Uploaded {
    /// The blob, in the form that the index stores.
    pub blob: NewBlob,
    /// The key that opens the blob.
    pub key: DataKey,
    /// Deletes the stored blob if no version in the index gets a reference to it.
    pub unpublished: Unpublished,
}

/// Seals a body into a blob. After an error nothing of the body remains stored.
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
    let (inline, unpublished) = sink.finish().await?;
    Ok(Uploaded { blob: NewBlob { id, header, length, inline }, key, unpublished })
}

/// Collects plaintext into chunks, seals each chunk in place, and passes full buffers on.
struct Sink<'g> {
    gateway: &'g Gateway,
    id: BlobId,
    sealer: Sealer,
    /// Sealed chunks, followed by the plaintext of the current chunk.
    buffer: BytesMut,
    /// The offset of the current chunk in the buffer.
    chunk: usize,
    /// The plaintext bytes still to come, if the client declared a length.
    left: Option<u64>,
    /// Takes full buffers. It is created once the body is too large for the index.
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
        Self { gateway, id, sealer, buffer, chunk: HEADER_LEN, left: declared, writer: None, inline_limit }
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
            if filled == 0 && self.buffer.len() + self.next_chunk() > self.buffer.capacity() {
                self.pass_on().await?;
            }
            self.buffer.put_slice(&data[..take]);
            data = &data[take..];
            self.left = self.left.map(|left| left.saturating_sub(take as u64));
        }
        Ok(())
    }

    /// The size of the next chunk after sealing.
    fn next_chunk(&self) -> usize {
        let left = self.left.and_then(|left| usize::try_from(left).ok());
        left.map_or(SEALED_CHUNK, |left| left.min(CHUNK) + TAG)
    }

    /// Moves from the small buffer to a buffer of the blob writer.
    async fn outgrow(&mut self) -> Result<(), Error> {
        let mut writer = self.gateway.blobs.writer(self.id);
        if let Some(left) = self.left {
            let sealed = self.chunk - HEADER_LEN;
            let plain = sealed / SEALED_CHUNK * CHUNK + (self.buffer.len() - self.chunk);
            writer = writer.expecting(sealed_len(plain as u64 + left));
        }
        let mut buffer = writer.buffer().await?;
        buffer.put_slice(&self.buffer);
        self.buffer = buffer;
        self.writer = Some(writer);
        Ok(())
    }

    /// Passes a buffer of whole sealed chunks to the writer and takes the next buffer. Does nothing while the
    /// body is small.
    async fn pass_on(&mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let full = std::mem::take(&mut self.buffer);
        writer.write(full).await?;
        self.buffer = writer.buffer().await?;
        self.chunk = 0;
        Ok(())
    }

    /// Seals the current chunk.
    fn seal(&mut self, last: bool) -> Result<(), Error> {
        let tag = self.sealer.seal_chunk(&mut self.buffer[self.chunk..], last)?;
        self.buffer.put_slice(&tag);
        self.chunk = self.buffer.len();
        Ok(())
    }

    /// Seals the last chunk and makes the blob durable, or returns the blob for the index to store.
    async fn finish(mut self) -> Result<(Option<Bytes>, Unpublished), Error> {
        self.seal(true)?;
        if self.writer.is_none() && (self.buffer.len() > self.inline_limit || self.inline_limit == 0) {
            self.outgrow().await?;
        }
        let mut unpublished = self.gateway.blobs.unpublished();
        let Some(writer) = self.writer else { return Ok((Some(self.buffer.freeze()), unpublished)) };
        let stored = writer.finish(self.buffer).await?;
        unpublished.add(stored.id);
        Ok((None, unpublished))
    }
}
