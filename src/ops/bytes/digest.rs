//! The digests of a body, computed while the body passes. Only the digests somebody needs are computed.

use std::sync::{Arc, OnceLock};

use md5::{Digest, Md5};

use super::digests::Digests;
use crate::http::checksum::Hasher;
use crate::model::{ChecksumAlgorithm, ChecksumKind, StoredChecksum};
use crate::ops::engine::error::Error;

/// The checksum that the client announced, if any.
#[derive(Clone, Debug)]
pub enum ExpectedChecksum {
    /// The client sent no value: compute it.
    Compute,
    /// The client sent the value before the body.
    Value(Vec<u8>),
    /// The value comes in a trailer: the body's decoder fills the cell before the stream ends.
    Trailer(Arc<OnceLock<Vec<u8>>>),
}

/// A checksum to compute, to compare with the client's value, and to store.
#[derive(Clone, Debug)]
pub struct ChecksumRequest {
    pub algorithm: ChecksumAlgorithm,
    /// The value that the computed checksum must have.
    pub expected: ExpectedChecksum,
}

/// Computes MD5 and checksums of a body, and compares them with the client's values.
pub struct Digester {
    md5: Option<Md5>,
    expected_md5: Option<[u8; 16]>,
    checksums: Vec<(Hasher, ChecksumRequest)>,
}

impl Digester {
    /// The digester of an object's body. If the client chose no checksum, CRC64NVME is computed, as S3 does.
    pub fn new(needs_md5: bool, expected_md5: Option<[u8; 16]>, mut checksums: Vec<ChecksumRequest>) -> Self {
        if checksums.is_empty() {
            let algorithm = ChecksumAlgorithm::Crc64Nvme;
            checksums.push(ChecksumRequest { algorithm, expected: ExpectedChecksum::Compute });
        }
        Self::exactly(needs_md5, expected_md5, checksums)
    }

    /// A digester of exactly these checksums. MD5 costs twenty times the cipher: it is computed only if
    /// `needs_md5` is set or the client sent one.
    pub fn exactly(needs_md5: bool, expected_md5: Option<[u8; 16]>, checksums: Vec<ChecksumRequest>) -> Self {
        Self {
            md5: (needs_md5 || expected_md5.is_some()).then(Md5::new),
            expected_md5,
            checksums: checksums.into_iter().map(|c| (Hasher::new(c.algorithm), c)).collect(),
        }
    }

    /// Digests the next bytes of the body.
    pub fn update(&mut self, data: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(data);
        }
        for (hasher, _) in &mut self.checksums {
            hasher.update(data);
        }
    }

    /// The digests, once the body has ended. Fails if a digest differs from the client's value.
    pub fn finish(self) -> Result<Digests, Error> {
        let md5: Option<[u8; 16]> = self.md5.map(|md5| md5.finalize().into());
        if let (Some(computed), Some(expected)) = (md5, self.expected_md5)
            && computed != expected
        {
            return Err(Error::Md5Mismatch {
                expected: hex::encode(expected),
                computed: hex::encode(computed),
            });
        }
        let mut checksums = Vec::with_capacity(self.checksums.len());
        for (hasher, request) in self.checksums {
            let algorithm = request.algorithm;
            let value = hasher.finish();
            let is_equal = match &request.expected {
                ExpectedChecksum::Compute => true,
                ExpectedChecksum::Value(expected) => *expected == value,
                ExpectedChecksum::Trailer(cell) => cell.get().is_some_and(|expected| *expected == value),
            };
            if !is_equal {
                return Err(Error::ChecksumMismatch { algorithm });
            }
            checksums.push(StoredChecksum { algorithm, kind: ChecksumKind::FullObject, value });
        }
        Ok(Digests { md5, checksums, ..Digests::default() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;

    fn digest(
        needs_md5: bool,
        expected_md5: Option<[u8; 16]>,
        checksums: Vec<ChecksumRequest>,
    ) -> Result<Digests, Error> {
        let mut digester = Digester::new(needs_md5, expected_md5, checksums);
        digester.update(b"1234");
        digester.update(b"56789");
        digester.finish()
    }

    #[test]
    fn crc64nvme_is_computed_by_default_and_md5_is_not() {
        let digests = digest(false, None, vec![]).unwrap();
        assert_eq!(digests.md5, None);
        assert_eq!(digests.checksums.len(), 1);
        assert_eq!(digests.checksums[0].algorithm, ChecksumAlgorithm::Crc64Nvme);
        // The check value of CRC-64/NVME.
        assert_eq!(hex::encode(&digests.checksums[0].value), "ae8b14860a799888");
    }

    #[test]
    fn a_digest_must_equal_the_clients_value() {
        let md5: [u8; 16] = hex::decode("25f9e794323b453885f5181f1b624d0b").unwrap().try_into().unwrap();
        assert_eq!(digest(false, Some(md5), vec![]).unwrap().md5, Some(md5));
        assert!(matches!(digest(false, Some([0; 16]), vec![]), Err(Error::Md5Mismatch { .. })));
        let algorithm = ChecksumAlgorithm::Crc32;
        let crc = hex::decode("cbf43926").unwrap();
        let with = |expected| digest(false, None, vec![ChecksumRequest { algorithm, expected }]);
        assert!(with(ExpectedChecksum::Value(crc.clone())).is_ok());
        assert!(matches!(with(ExpectedChecksum::Value(vec![0; 4])), Err(Error::ChecksumMismatch { .. })));
        let cell = Arc::new(OnceLock::new());
        assert!(with(ExpectedChecksum::Trailer(cell.clone())).is_err(), "a trailer that never came");
        cell.set(crc).unwrap();
        assert!(with(ExpectedChecksum::Trailer(cell)).is_ok());
    }
}
