//! The five ways a body comes over S3, from what is on the wire to the object's bytes: as it is, under one
//! SHA-256, and in the three `aws-chunked` framings.
//!
//! ```text
//! 10000;chunk-signature=<64 hex>\r\n  <65536 bytes>  \r\n
//! 0;chunk-signature=<64 hex>\r\n
//! x-amz-checksum-crc32c:sOO8/Q==\r\n
//! x-amz-trailer-signature:<64 hex>\r\n
//! \r\n
//! ```
//!
//! Bytes are passed on as they arrive and hashed on the way; a chunk's signature (and the whole body's
//! SHA-256) is compared at its end. What is passed on is therefore not verified yet: **it is verified when
//! the stream has ended without an error**, and until then must not be published. Holding a chunk back until
//! its signature is verified would need a buffer as large as the client likes.
//!
//! Source: AWS, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
//! Chunks" and "… Including Trailing Headers"; the unsigned form is what AWS's SDKs have sent by default
//! since January 2025.

mod decoder;
#[cfg(any(test, fuzzing, feature = "testing"))]
pub(crate) mod encode;
mod line;
mod sha256;
mod trailer;

#[cfg(test)]
mod tests;

pub(crate) use sha256::verify_sha256;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use self::decoder::Decoder;
use super::sigv4::{ChunkSigner, PayloadMode};
use crate::http::body::{Body, BodyError, ByteStream};
use crate::model::ChecksumAlgorithm;

/// The longest line before a chunk: sixteen digits and a signature need 99 bytes. Stops a line without end
/// from being collected in memory.
pub(crate) const MAX_CHUNK_LINE: usize = 256;

/// The longest line of the trailer. Stops the same.
pub(crate) const MAX_TRAILER_LINE: usize = 1024;

/// How many lines a trailer may have. Stops a trailer without end.
pub(crate) const MAX_TRAILER_LINES: usize = 8;

/// The largest chunk: the largest part there is. Stops sizes that overflow whatever is computed from them.
pub(crate) const MAX_CHUNK: u64 = 5 * 1024 * 1024 * 1024;

/// How many bytes of framing are free before they are weighed against the data. Stops a body of one-byte
/// chunks, each of which costs two hashes: beyond this allowance framing may not outweigh the data. (AWS asks
/// for 8 KiB in every chunk but the last, which clients that send unsigned chunks do not know.)
pub(crate) const FREE_FRAMING: u64 = 64 * 1024;

/// How a body is framed and what verifies it.
#[derive(Clone, Debug)]
pub(crate) enum Framing {
    /// As it is, and nothing verifies it.
    Plain,
    /// As it is; this is its SHA-256.
    Sha256([u8; 32]),
    /// Chunks, each signed.
    Signed(ChunkSigner),
    /// Chunks and a trailer, all signed.
    SignedTrailer(ChunkSigner),
    /// Chunks and a trailer, not signed.
    UnsignedTrailer,
}

impl Framing {
    /// The framing of a payload mode. `None` when it has signed chunks and there is nothing to verify them
    /// with.
    pub(crate) fn new(mode: PayloadMode, signer: Option<ChunkSigner>) -> Option<Self> {
        match mode {
            PayloadMode::Unsigned => Some(Self::Plain),
            PayloadMode::Sha256(sha256) => Some(Self::Sha256(sha256)),
            PayloadMode::StreamingSigned => signer.map(Self::Signed),
            PayloadMode::StreamingSignedTrailer => signer.map(Self::SignedTrailer),
            PayloadMode::StreamingUnsignedTrailer => Some(Self::UnsignedTrailer),
        }
    }
}

/// A checksum that `x-amz-trailer` announced.
#[derive(Clone, Debug)]
pub(crate) struct AnnouncedTrailer {
    /// Which; its header's name is the trailer's.
    pub(crate) algorithm: ChecksumAlgorithm,
    /// Where its value goes, as bytes, before the stream ends.
    pub(crate) value: Arc<OnceLock<Vec<u8>>>,
}

/// Turns what is on the wire into the object's bytes. `decoded_length` is `x-amz-decoded-content-length`,
/// which the chunks must add up to.
///
/// The stream ends without an error only if the framing was complete, every signature and the SHA-256
/// matched, and the trailer held exactly what was announced.
pub(crate) fn decode(
    body: Body,
    framing: Framing,
    decoded_length: Option<u64>,
    trailers: Vec<AnnouncedTrailer>,
) -> Body {
    let decoder = match framing {
        // Without chunks there is no place for a trailer.
        Framing::Plain | Framing::Sha256(_) if !trailers.is_empty() => {
            return Body::from_stream(body.length, stream::iter([Err(BodyError::TrailerMissing)]));
        }
        Framing::Plain => return body,
        Framing::Sha256(sha256) => return verify_sha256(body, sha256),
        Framing::Signed(signer) => Decoder::new(Some(signer), false, decoded_length, trailers),
        Framing::SignedTrailer(signer) => Decoder::new(Some(signer), true, decoded_length, trailers),
        Framing::UnsignedTrailer => Decoder::new(None, false, decoded_length, trailers),
    };
    let source = Source { wire: body.stream, input: Bytes::new(), decoder };
    Body::from_stream(
        decoded_length,
        stream::try_unfold(source, |mut source| async move {
            Ok(source.next().await?.map(|bytes| (bytes, source)))
        }),
    )
}

/// The wire, what of it is not decoded yet, and the decoder.
struct Source {
    wire: ByteStream,
    input: Bytes,
    decoder: Decoder,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if let Some(bytes) = self.decoder.next(&mut self.input)? {
                return Ok(Some(bytes));
            }
            match self.wire.next().await {
                Some(piece) => self.input = piece?,
                None => return self.decoder.finish().map(|()| None),
            }
        }
    }
}
