//! Bodies: streams of bytes that may fail, with the length that was promised.

use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};

/// A stream of bytes.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// Why a body did not come through whole.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyError {
    /// It ended before its declared length.
    #[error("the body ended early")]
    Incomplete,
    /// Nothing came for too long.
    #[error("the body stalled")]
    Stalled,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Disconnected(String),
    /// The aws-chunked framing is wrong.
    #[error("malformed chunk: {0}")]
    Malformed(&'static str),
    /// A chunk's signature is not right.
    #[error("a chunk's signature does not match")]
    ChunkSignature,
    /// The body's SHA-256 is not the one that was signed.
    #[error("the body does not match its SHA-256")]
    Sha256Mismatch,
    /// The trailer's signature is not right.
    #[error("the trailer's signature does not match")]
    TrailerSignature,
    /// An announced trailer did not come.
    #[error("an announced trailer is missing")]
    TrailerMissing,
    /// The trailer is not as announced, or not readable.
    #[error("malformed trailer: {0}")]
    TrailerMalformed(&'static str),
    /// It is longer than declared.
    #[error("the body is longer than declared")]
    TooLong,
    /// A chunk is larger than one may be.
    #[error("a chunk is too large")]
    ChunkTooLarge,
}

impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::Incomplete => io::ErrorKind::UnexpectedEof,
            BodyError::Stalled => io::ErrorKind::TimedOut,
            BodyError::Disconnected(_) => io::ErrorKind::ConnectionAborted,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl From<io::Error> for BodyError {
    /// What a listener's body stream failed with: a stall keeps its name.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Stalled,
            io::ErrorKind::UnexpectedEof => Self::Incomplete,
            kind => Self::Disconnected(kind.to_string()),
        }
    }
}

/// A body on its way.
pub struct Body {
    /// Its bytes.
    pub stream: ByteStream,
    /// How many there will be, after any chunk framing is taken off; `None` where nobody said.
    pub length: Option<u64>,
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self { stream: Box::pin(stream::empty()), length: Some(0) }
    }

    /// These bytes.
    pub fn from_bytes(bytes: Bytes) -> Self {
        let length = Some(bytes.len() as u64);
        Self { stream: Box::pin(stream::once(async move { Ok(bytes) })), length }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Why a body was not read into memory.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LimitedError {
    /// It is larger than the limit.
    #[error("the body is too large")]
    TooLarge,
    /// It did not come through.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Reads a small body into memory; the limit is in bytes.
pub async fn read_limited(body: Body, limit: usize) -> Result<Bytes, LimitedError> {
    if body.length.is_some_and(|length| length > limit as u64) {
        return Err(LimitedError::TooLarge);
    }
    let mut stream = body.stream;
    let mut whole = BytesMut::new();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes?;
        if whole.len() + bytes.len() > limit {
            return Err(LimitedError::TooLarge);
        }
        whole.extend_from_slice(&bytes);
    }
    if body.length.is_some_and(|length| length != whole.len() as u64) {
        return Err(BodyError::Incomplete.into());
    }
    Ok(whole.freeze())
}
