//! Frames bodies: the client's side, for tests and benches.

use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::trailer::SIGNATURE;
use crate::s3::sigv4::ChunkSigner;

/// Frames one body, chunk by chunk.
pub struct Encoder {
    signer: Option<ChunkSigner>,
    encoded: BytesMut,
}

impl Encoder {
    /// Signs the chunks where there is something to sign with.
    pub fn new(signer: Option<ChunkSigner>) -> Self {
        Self { signer, encoded: BytesMut::new() }
    }

    /// Frames bytes as one chunk. No bytes are no chunk: that would be the end.
    #[must_use]
    pub fn chunk(mut self, bytes: &[u8]) -> Self {
        if !bytes.is_empty() {
            self.line(bytes);
            self.encoded.put_slice(bytes);
            self.encoded.put_slice(b"\r\n");
        }
        self
    }

    /// Ends the body, without a trailer or with one that is not signed.
    pub fn finish(mut self, trailers: &[(&str, &str)]) -> Bytes {
        self.line(&[]);
        self.trailers(trailers);
        self.encoded.put_slice(b"\r\n");
        self.encoded.freeze()
    }

    /// Ends the body with a trailer that is signed.
    pub fn finish_signed(mut self, trailers: &[(&str, &str)]) -> Bytes {
        self.line(&[]);
        self.trailers(trailers);
        let mut sha256 = Sha256::new();
        for (name, value) in trailers {
            sha256.update(format!("{name}:{value}\n"));
        }
        if let Some(signer) = &mut self.signer {
            let signature = signer.sign_trailer(&sha256.finalize().into());
            self.encoded.put_slice(format!("{SIGNATURE}:{signature}\r\n").as_bytes());
        }
        self.encoded.put_slice(b"\r\n");
        self.encoded.freeze()
    }

    fn line(&mut self, bytes: &[u8]) {
        let line = match &mut self.signer {
            None => format!("{:x}\r\n", bytes.len()),
            Some(signer) => {
                let signature = signer.sign_chunk(&Sha256::digest(bytes).into());
                format!("{:x};chunk-signature={signature}\r\n", bytes.len())
            }
        };
        self.encoded.put_slice(line.as_bytes());
    }

    fn trailers(&mut self, trailers: &[(&str, &str)]) {
        for (name, value) in trailers {
            self.encoded.put_slice(format!("{name}:{value}\r\n").as_bytes());
        }
    }
}
