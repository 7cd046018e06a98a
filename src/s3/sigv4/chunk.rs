//! The chain of signatures over the chunks of a body and its trailer.
//!
//! Source: AWS, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
//! Chunks" and "… Including Trailing Headers".

use super::key::SigningKey;

/// SHA-256 of nothing.
pub(super) const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Signs or verifies one chunk after the other; each signature covers the one before, the first the
/// request's.
#[derive(Clone, Debug)]
pub struct ChunkSigner {
    pub(super) key: SigningKey,
    pub(super) context: String,
    pub(super) previous: String,
}

impl ChunkSigner {
    pub(super) fn new(key: SigningKey, amz_date: &str, scope: &str, seed_signature: String) -> Self {
        Self { key, context: format!("{amz_date}\n{scope}\n"), previous: seed_signature }
    }

    /// Whether a signature is that of the next chunk. Where it is not, the chain is at its end.
    #[must_use]
    pub(crate) fn verify_chunk(&mut self, sha256: &[u8; 32], claimed: &str) -> bool {
        self.advance(&self.chunk_to_sign(sha256), claimed)
    }

    /// Whether a signature is that of the trailer.
    #[must_use]
    pub(crate) fn verify_trailer(&mut self, sha256: &[u8; 32], claimed: &str) -> bool {
        self.advance(&self.trailer_to_sign(sha256), claimed)
    }

    fn advance(&mut self, string_to_sign: &str, claimed: &str) -> bool {
        let Some(signature) = self.key.verify(string_to_sign, claimed) else { return false };
        self.previous = signature;
        true
    }

    pub(super) fn chunk_to_sign(&self, sha256: &[u8; 32]) -> String {
        let Self { context, previous, .. } = self;
        format!("AWS4-HMAC-SHA256-PAYLOAD\n{context}{previous}\n{EMPTY_SHA256}\n{}", hex::encode(sha256))
    }

    pub(super) fn trailer_to_sign(&self, sha256: &[u8; 32]) -> String {
        let Self { context, previous, .. } = self;
        format!("AWS4-HMAC-SHA256-TRAILER\n{context}{previous}\n{}", hex::encode(sha256))
    }
}
