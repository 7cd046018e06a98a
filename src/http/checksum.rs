//! Computes the checksums that S3 clients may choose.

mod combine;

use std::fmt;

use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

pub use self::combine::Combiner;
use crate::model::ChecksumAlgorithm;

/// A checksum that is being computed.
pub struct Hasher(Running);

enum Running {
    /// A checksum of 32 bits.
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub fn new(algorithm: ChecksumAlgorithm) -> Self {
        Self(match algorithm {
            ChecksumAlgorithm::Crc32 => Running::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
            ChecksumAlgorithm::Crc32c => Running::Crc32(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi)),
            ChecksumAlgorithm::Crc64Nvme => Running::Crc64(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme)),
            ChecksumAlgorithm::Sha1 => Running::Sha1(Sha1::new()),
            ChecksumAlgorithm::Sha256 => Running::Sha256(Sha256::new()),
        })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Running::Crc32(crc) | Running::Crc64(crc) => crc.update(bytes),
            Running::Sha1(sha) => sha.update(bytes),
            Running::Sha256(sha) => sha.update(bytes),
        }
    }

    /// The checksum's bytes, big-endian, as S3 shows them in base64.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Running::Crc32(crc) => crc.finalize().to_be_bytes()[4..].to_vec(),
            Running::Crc64(crc) => crc.finalize().to_be_bytes().to_vec(),
            Running::Sha1(sha) => sha.finalize().to_vec(),
            Running::Sha256(sha) => sha.finalize().to_vec(),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Running::Crc32(_) => "Hasher(32-bit CRC)",
            Running::Crc64(_) => "Hasher(64-bit CRC)",
            Running::Sha1(_) => "Hasher(SHA-1)",
            Running::Sha256(_) => "Hasher(SHA-256)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        // The catalogues' check values over "123456789" (reveng.sourceforge.io; FIPS 180-4 implementations).
        let expected = [
            (ChecksumAlgorithm::Crc32, "cbf43926"),
            (ChecksumAlgorithm::Crc32c, "e3069283"),
            (ChecksumAlgorithm::Crc64Nvme, "ae8b14860a799888"),
            (ChecksumAlgorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (ChecksumAlgorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ];
        for (algorithm, value) in expected {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"1234");
            hasher.update(b"");
            hasher.update(b"56789");
            let found = hasher.finish();
            assert_eq!(hex::encode(&found), value, "{algorithm}");
            assert_eq!(found.len(), algorithm.length(), "{algorithm}");
        }
    }
}
