//! Reads an opened object: ranges of plaintext, read ahead in large spans, verified before they are sent.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::encryption::layout::{CHUNK, HEADER_LEN, TAG, sealed_len, span};
use crate::encryption::{Cipher, Opener};
use crate::http::body::{Body, BodyError, Broken};
use crate::model::EncryptionMode;
use crate::ops::bytes::content::{Content, Piece};
use crate::ops::bytes::pace::Pace;
use crate::ops::bytes::version_seals::OpenedVersion;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::engine::metrics::Metrics;
use crate::storage::blobs::BlobStore;
use crate::storage::index::{BlobRow, Index, PartRecord};
use crate::storage::pins::Pin;

/// The plaintext of one read of the store, in bytes: large enough that the fixed cost of a read is
/// negligible.
const SPAN: u32 = 1 << 20;

/// How many spans are read while an earlier span is sent.
const AHEAD: usize = 2;

/// Reads an opened object. It pins the blobs it reads until the reader and its streams are dropped.
pub struct ObjectReader {
    source: Arc<Source>,
}

struct Source {
    parts: Vec<Part>,
    size: u64,
    cipher: Cipher,
    mode: EncryptionMode,
    blobs: BlobStore,
    index: Arc<dyn Index>,
    read_ahead: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// Whether the reader itself logs and counts damage, or leaves that to its caller.
    reports_damage: bool,
    _pin: Pin,
}

/// A part of the object, ready to be read.
struct Part {
    /// The offset in the object at which the part begins.
    begin: u64,
    /// The version whose key opens the part.
    version: Arc<OpenedVersion>,
    record: PartRecord,
    /// Created when the part is first read: an object may have thousands of parts, and a range may need one.
    opener: OnceLock<Opener>,
    /// Whether the stored size has been verified.
    sized: AtomicBool,
}

impl std::fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectReader").field("size", &self.source.size).finish_non_exhaustive()
    }
}

impl ObjectReader {
    pub(crate) fn new(gateway: &Gateway, content: Content, mode: EncryptionMode, pin: Pin) -> Self {
        Self::with(gateway, content, mode, pin, true)
    }

    /// A reader that only verifies. A blob it reports as damaged may have been deleted meanwhile: the caller
    /// must check that.
    pub(crate) fn to_verify(gateway: &Gateway, content: Content) -> Self {
        Self::with(gateway, content, EncryptionMode::Managed, gateway.pins.enter(), false)
    }

    fn with(
        gateway: &Gateway,
        content: Content,
        mode: EncryptionMode,
        pin: Pin,
        reports_damage: bool,
    ) -> Self {
        let size = content.size();
        let mut begin = 0;
        let ready = |piece: Piece| {
            let Piece { version, part: record } = piece;
            let part =
                Part { begin, version, record, opener: OnceLock::new(), sized: AtomicBool::new(false) };
            begin += part.record.length;
            part
        };
        Self {
            source: Arc::new(Source {
                parts: content.into_pieces().into_iter().map(ready).collect(),
                size,
                cipher: gateway.cipher,
                mode,
                blobs: gateway.blobs.clone(),
                index: gateway.index.clone(),
                read_ahead: gateway.read_ahead.clone(),
                metrics: gateway.metrics.clone(),
                reports_damage,
                _pin: pin,
            }),
        }
    }

    /// Reads and verifies the whole object, and keeps nothing.
    pub(crate) async fn verify(&self, pace: &Pace) -> Result<(), Error> {
        let size = self.source.size;
        let mut spans = Spans { source: self.source.clone(), next: 0..size, pending: FuturesOrdered::new() };
        if size == 0 {
            return spans.verify_empty().await.map(|_| ());
        }
        while let Some(span) = spans.next().await? {
            pace.read(span.chunks.iter().map(|chunk| chunk.len() as u64).sum()).await;
        }
        Ok(())
    }

    /// A stream of the plaintext in `range`, of exactly the range's length. The range must lie within the
    /// size. It may be called again for more ranges. It waits for the first bytes, so that damage there still
    /// gives a clean error. Damage further on breaks the stream.
    pub async fn open(&self, range: Range<u64>) -> Result<Body, Error> {
        if range.end > self.source.size || range.start > range.end {
            return Err(Error::Internal("a range outside the object".into()));
        }
        let length = range.end - range.start;
        let mut spans = Spans { source: self.source.clone(), next: range, pending: FuturesOrdered::new() };
        // An empty object is one empty chunk with a tag, and is verified like any other.
        let first = if self.source.size == 0 { spans.verify_empty().await? } else { spans.next().await? };
        self.source.metrics.read(self.source.mode, length);
        let ready = first.unwrap_or_default();
        let stream = stream::unfold((spans, ready), |(mut spans, mut ready)| async move {
            loop {
                if let Some(bytes) = ready.chunks.pop_front() {
                    return Some((Ok(bytes), (spans, ready)));
                }
                match spans.next().await {
                    Ok(Some(span)) => ready = span,
                    Ok(None) => return None,
                    Err(error) => {
                        tracing::error!(%error, "a download was interrupted");
                        return Some((Err(BodyError::Source(Broken::new(error))), (spans.end(), ready)));
                    }
                }
            }
        });
        Ok(Body { stream: Box::pin(stream), length: Some(length) })
    }
}

/// The plaintext of a span, in chunks. The span's share of the read-ahead budget is released when this is
/// dropped.
#[derive(Default)]
struct Ready {
    chunks: VecDeque<Bytes>,
    _budget: Option<OwnedSemaphorePermit>,
}

/// The spans of a range, read in order with some ahead.
struct Spans {
    source: Arc<Source>,
    /// The range whose spans have not been requested yet.
    next: Range<u64>,
    pending: FuturesOrdered<BoxFuture<'static, Result<Ready, Error>>>,
}

impl Spans {
    /// The plaintext of the next span; `None` at the end.
    async fn next(&mut self) -> Result<Option<Ready>, Error> {
        while self.pending.len() < AHEAD && !self.next.is_empty() {
            let budget = self.source.read_ahead.clone().try_acquire_many_owned(SPAN).ok();
            if budget.is_none() && !self.pending.is_empty() {
                break;
            }
            // If the budget is used up, a download still continues chunk by chunk: slow readers cannot starve
            // it.
            let most = if budget.is_some() { u64::from(SPAN) } else { CHUNK as u64 };
            let (part, range) = self.source.piece(&self.next, most)?;
            self.next.start += range.end - range.start;
            self.pending.push_back(read(self.source.clone(), part, range, budget).boxed());
        }
        self.pending.next().await.transpose()
    }

    /// Verifies the one chunk of an empty object.
    async fn verify_empty(&mut self) -> Result<Option<Ready>, Error> {
        for part in 0..self.source.parts.len() {
            read(self.source.clone(), part, 0..0, None).await?;
        }
        Ok(None)
    }

    /// Stops reading: the remaining range becomes empty.
    fn end(mut self) -> Self {
        self.next = 0..0;
        self.pending = FuturesOrdered::new();
        self
    }
}

impl Source {
    /// The part in which `range` begins, and the range of its blob to read first. That range has at most
    /// `most` bytes, and ends at the end of a chunk if possible.
    fn piece(&self, range: &Range<u64>, most: u64) -> Result<(usize, Range<u64>), Error> {
        // The last part that begins at or before the range: this skips parts of no length.
        let index = self.parts.partition_point(|part| part.begin <= range.start);
        let index = index.checked_sub(1).ok_or_else(|| Error::Internal("an object without parts".into()))?;
        let part = &self.parts[index];
        let start = part.record.offset + (range.start - part.begin);
        let part_end = part.record.offset + part.record.length;
        let aligned = (start + most) / CHUNK as u64 * CHUNK as u64;
        let end = aligned.max(start + 1).min(part_end).min(start + (range.end - range.start));
        Ok((index, start..end))
    }

    /// The opener of a part.
    fn opener<'p>(&self, part: &'p Part) -> Result<&'p Opener, Error> {
        if let Some(opener) = part.opener.get() {
            return Ok(opener);
        }
        let PartRecord { blob, header, blob_length, .. } = &part.record;
        let key = part.version.data_key(&part.record)?;
        let opener = Opener::new(self.cipher, &key, blob.as_bytes(), header, *blob_length)?;
        Ok(part.opener.get_or_init(|| opener))
    }
}

/// Reads and opens the chunks that hold `range` of a part's blob. Damage is counted, and the log names the
/// blob. A blob that was freed during this read, and whose grace period is over, may already be deleted. That
/// is not counted as damage.
async fn read(
    source: Arc<Source>,
    part: usize,
    range: Range<u64>,
    budget: Option<OwnedSemaphorePermit>,
) -> Result<Ready, Error> {
    let outcome = read_whole(&source, &source.parts[part], range, budget).await;
    if let Err(error @ Error::Corrupt(_)) = &outcome
        && source.reports_damage
    {
        let blob = source.parts[part].record.blob;
        if matches!(source.index.blob(blob).await, Ok(None | Some(BlobRow { freed: Some(_), .. }))) {
            tracing::warn!(%blob, %error, "a download lasted longer than the grace period of a deleted blob");
            return Err(Error::Conflict);
        }
        source.metrics.damaged();
        tracing::error!(%blob, %error, "a blob is damaged");
    }
    outcome
}

async fn read_whole(
    source: &Source,
    part: &Part,
    range: Range<u64>,
    budget: Option<OwnedSemaphorePermit>,
) -> Result<Ready, Error> {
    let opener = source.opener(part)?;
    let PartRecord { blob, blob_length, header, .. } = &part.record;
    let (span, stored) = (span(*blob_length, range), sealed_len(*blob_length));
    // The first chunk comes with the header. The opener was created from the index's copy of the header, and
    // both must agree.
    let with_header = span.first_chunk == 0 && span.chunks > 0;
    let place = if with_header { 0..span.sealed.end } else { span.sealed.clone() };
    let sealed = match inline_bytes(&*source.index, &part.record).await? {
        Some(bytes) => within(&bytes, stored, place)?,
        None if part.sized.load(Ordering::Relaxed) => source.blobs.read(blob, place).await?,
        None => {
            let sealed = source.blobs.read_sized(blob, place, stored).await?;
            part.sized.store(true, Ordering::Relaxed);
            sealed
        }
    };
    // This copies nothing if the bytes have no other owner, as is the case for a local file.
    let mut sealed = sealed.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    if with_header && sealed.split_to(HEADER_LEN.min(sealed.len())) != *header {
        return Err(Error::Corrupt("a blob has another header than in the index".into()));
    }
    let mut chunks = VecDeque::with_capacity(to_usize(span.chunks)?);
    let (mut skip, mut left) = (span.skip, to_usize(span.take)?);
    for index in span.first_chunk..span.first_chunk + span.chunks {
        let mut chunk = sealed.split_to((CHUNK + TAG).min(sealed.len()));
        let length = opener.open_chunk(index, &mut chunk)?;
        chunk.truncate(length);
        let mut plain = chunk.freeze();
        if skip > 0 {
            plain = plain.slice(skip.min(length)..);
            skip = 0;
        }
        plain.truncate(left);
        left -= plain.len();
        if !plain.is_empty() {
            chunks.push_back(plain);
        }
    }
    if left > 0 {
        return Err(Error::Corrupt("a blob ends early".into()));
    }
    Ok(Ready { chunks, _budget: budget })
}

/// A sealed blob that is stored in the index: it came with the version, or is requested now. `None` if the
/// blob is in the store.
pub(crate) async fn inline_bytes(index: &dyn Index, part: &PartRecord) -> Result<Option<Bytes>, Error> {
    match &part.inline {
        Some(bytes) if bytes.is_empty() => match index.inline_blob(part.blob).await? {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(Error::Corrupt("an inline blob is gone".into())),
        },
        known => Ok(known.clone()),
    }
}

/// A range of an inline blob. The blob must have the size that its plaintext implies.
fn within(bytes: &Bytes, stored: u64, place: Range<u64>) -> Result<Bytes, Error> {
    if bytes.len() as u64 != stored {
        return Err(Error::Corrupt("an inline blob has the wrong length".into()));
    }
    Ok(bytes.slice(to_usize(place.start)?..to_usize(place.end)?))
}

fn to_usize(value: u64) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::Internal("a span larger than memory".into()))
}
