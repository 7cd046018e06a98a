//! A body on its way in or out, and the errors of bodies.

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes as they arrive. An error ends the stream, and the bytes before it must not be published.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// Why a body could not be read to its end.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyError {
    /// Fewer bytes than declared.
    #[error("the body ended before its declared length")]
    Incomplete,
    /// Nothing arrived for too long.
    #[error("the body stalled")]
    Stalled,
    /// The connection failed. The reason is for the log only.
    #[error("the connection broke: {0}")]
    Disconnected(#[source] Broken),
    /// The stored object that the bytes come from could not be read further. The reason is for the log only.
    #[error("the stored object could not be read further: {0}")]
    Source(#[source] Broken),
    /// The `aws-chunked` framing is wrong.
    #[error("malformed chunked encoding: {0}")]
    Malformed(&'static str),
    /// A chunk does not match its signature.
    #[error("a chunk's signature does not match")]
    ChunkSignature,
    /// The body does not match its `x-amz-content-sha256`.
    #[error("the body does not match x-amz-content-sha256")]
    Sha256Mismatch,
    /// The trailer does not match its signature.
    #[error("the trailer's signature does not match")]
    TrailerSignature,
    /// An announced trailer, or the trailer's signature, is not there.
    #[error("an announced trailer is missing")]
    TrailerMissing,
    /// A trailer is wrong, repeated or was not announced.
    #[error("malformed trailer: {0}")]
    TrailerMalformed(&'static str),
    /// More bytes than declared or allowed.
    #[error("the body is longer than declared")]
    TooLong,
    /// A chunk says it is larger than a chunk may be.
    #[error("a chunk is too large")]
    ChunkTooLarge,
}

/// The reason why a connection failed. Two reasons are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Broken(Arc<dyn Error + Send + Sync>);

impl Broken {
    /// Carries an error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into().into())
    }
}

impl PartialEq for Broken {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::Incomplete => io::ErrorKind::UnexpectedEof,
            BodyError::Stalled => io::ErrorKind::TimedOut,
            BodyError::Disconnected(_) => io::ErrorKind::ConnectionReset,
            BodyError::Source(_) => io::ErrorKind::Other,
            BodyError::Malformed(_)
            | BodyError::ChunkSignature
            | BodyError::Sha256Mismatch
            | BodyError::TrailerSignature
            | BodyError::TrailerMissing
            | BodyError::TrailerMalformed(_)
            | BodyError::TooLong
            | BodyError::ChunkTooLarge => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl From<io::Error> for BodyError {
    /// An error of a listener's stream. A stall remains a stall.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Stalled,
            io::ErrorKind::UnexpectedEof => Self::Incomplete,
            _ => Self::Disconnected(Broken::new(error)),
        }
    }
}

/// A stream of bytes and the length its sender declared for it.
pub struct Body {
    pub stream: ByteStream,
    /// How many (decoded) bytes were declared, or `None` if the sender declared nothing.
    pub length: Option<u64>,
}

impl Body {
    /// Bytes that are already here.
    pub fn from_bytes(bytes: Bytes) -> Self {
        let length = Some(bytes.len() as u64);
        Self { stream: Box::pin(stream::iter((!bytes.is_empty()).then_some(Ok(bytes)))), length }
    }

    /// Bytes that are on their way.
    pub fn from_stream<S>(length: Option<u64>, stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
    {
        Self { stream: Box::pin(stream), length }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Why [`read_limited`] did not return a body.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LimitedError {
    /// It is larger than the caller wants to hold.
    #[error("the body is too large")]
    TooLarge,
    /// It could not be read.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Bodies up to this size are read at once: a connection's own buffers hold more.
const SMALL: usize = 64 * 1024;

/// How many bytes of larger bodies are held at a time. Beyond that, bodies wait for one another. This stops
/// many clients, each with the largest allowed document, from filling the memory.
const TOGETHER: usize = 64 * 1024 * 1024;

static ROOM: Semaphore = Semaphore::const_new(TOGETHER);
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Whether a body waits for the memory that others hold.
pub fn is_room_waited_for() -> bool {
    WAITING.load(Ordering::Relaxed) > 0
}

/// A body, and its share of the memory until it is dropped.
struct Housed(Bytes, #[expect(dead_code, reason = "held")] SemaphorePermit<'static>);

impl AsRef<[u8]> for Housed {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Waits for the memory of a body of so many bytes.
async fn room(bytes: usize) -> Option<SemaphorePermit<'static>> {
    /// Counts a waiting body, until it has its memory or gives up.
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let permits = u32::try_from(bytes.min(TOGETHER)).unwrap_or(u32::MAX);
    if let Ok(room) = ROOM.try_acquire_many(permits) {
        return Some(room);
    }
    WAITING.fetch_add(1, Ordering::Relaxed);
    let _waits = Waits;
    // The semaphore is never closed.
    ROOM.acquire_many(permits).await.ok()
}

/// Reads a whole body of at most `limit` bytes: the only way to hold a body in memory. A body that is
/// declared larger is refused before it is read. A body that is not small waits until there is memory for it.
pub async fn read_limited(body: Body, limit: usize) -> Result<Bytes, LimitedError> {
    if body.length.is_some_and(|length| length > limit as u64) {
        return Err(LimitedError::TooLarge);
    }
    let most = body.length.and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
    let mut held = None;
    let mut stream = body.stream;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        if first.len().max(rest.len()).saturating_add(piece.len()) > limit {
            return Err(LimitedError::TooLarge);
        }
        if held.is_none() && first.len().max(rest.len()).saturating_add(piece.len()) > SMALL {
            held = room(most).await;
        }
        if first.is_empty() && rest.is_empty() {
            first = piece;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&piece);
        }
    }
    let whole = if rest.is_empty() { first } else { rest.freeze() };
    Ok(match held {
        Some(room) => Bytes::from_owner(Housed(whole, room)),
        None => whole,
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn pieces(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(None, stream::iter(pieces.iter().map(|p| Ok(Bytes::from_static(p.as_bytes())))))
    }

    #[tokio::test]
    async fn reads_up_to_the_limit_and_no_further() {
        assert_eq!(read_limited(pieces(&["ab", "", "cd", "e"]), 5).await.unwrap(), "abcde");
        assert_eq!(read_limited(pieces(&["ab", "cd", "e"]), 4).await, Err(LimitedError::TooLarge));
        assert_eq!(read_limited(pieces(&["abcdef"]), 5).await, Err(LimitedError::TooLarge));
        assert_eq!(read_limited(Body::from_bytes(Bytes::new()), 0).await.unwrap(), "");
        assert_eq!(read_limited(Body::from_bytes("abc".into()), 2).await, Err(LimitedError::TooLarge));
    }

    #[tokio::test]
    async fn large_bodies_wait_for_room() {
        const LARGE: usize = TOGETHER / 2;
        let large = || async {
            let piece = Bytes::from(vec![7; SMALL]);
            let pieces = stream::iter(vec![Ok(piece); 2]);
            read_limited(Body::from_stream(None, pieces), LARGE).await.unwrap()
        };
        let held = (large().await, large().await);
        assert_eq!(held.0.len(), 2 * SMALL);
        let mut third = Box::pin(large());
        assert!(third.as_mut().now_or_never().is_none() && is_room_waited_for());
        // A small body does not wait.
        assert_eq!(read_limited(pieces(&["ab"]), LARGE).await.unwrap(), "ab");
        let kept = held.1.slice(1..);
        drop(held);
        drop(kept);
        assert_eq!(third.await.len(), 2 * SMALL);
    }

    #[tokio::test]
    async fn an_error_is_not_an_end() {
        let broken = stream::iter([Ok(Bytes::from_static(b"ab")), Err(BodyError::Incomplete)]);
        let got = read_limited(Body::from_stream(None, broken), 9).await;
        assert_eq!(got, Err(LimitedError::Body(BodyError::Incomplete)));
    }
}
