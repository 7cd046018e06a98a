//! The ETag and the checksum of a whole upload, computed from those of its parts.

use md5::{Digest, Md5};

use crate::http::checksum::{Combiner, Hasher};
use crate::model::{ChecksumKind, StoredChecksum};
use crate::ops::bytes::write::opaque_etag;
use crate::storage::index::UploadChecksum;

/// Computes the checksum of an upload, part by part.
pub struct WholeChecksum {
    kept: UploadChecksum,
    state: State,
}

enum State {
    /// The checksum of the parts' checksums.
    Composite(Box<Hasher>),
    /// The checksum of the parts' bytes.
    Full { combiner: Box<Combiner>, so_far: Vec<u8> },
    /// The checksum of some part is unknown.
    Unknown,
}

impl WholeChecksum {
    pub fn new(kept: UploadChecksum) -> Self {
        let hasher = Hasher::new(kept.algorithm);
        let state = match kept.kind {
            ChecksumKind::Composite => State::Composite(Box::new(hasher)),
            ChecksumKind::FullObject => match Combiner::new(kept.algorithm) {
                Some(combiner) => State::Full { combiner: Box::new(combiner), so_far: hasher.finish() },
                None => State::Unknown,
            },
        };
        Self { kept, state }
    }

    /// Adds the next part, which has `length` bytes.
    pub fn push(&mut self, part: Option<&StoredChecksum>, length: u64) {
        let part = part.filter(|part| part.algorithm == self.kept.algorithm);
        match (&mut self.state, part) {
            (State::Unknown, _) => {}
            (state, None) => *state = State::Unknown,
            (State::Composite(hasher), Some(part)) => hasher.update(&part.value),
            (State::Full { combiner, so_far }, Some(part)) => {
                match combiner.combine(so_far, &part.value, length) {
                    Some(combined) => *so_far = combined,
                    None => self.state = State::Unknown,
                }
            }
        }
    }

    /// The checksum of the whole, if that of every part is known.
    pub fn finish(self) -> Option<StoredChecksum> {
        let UploadChecksum { algorithm, kind, .. } = self.kept;
        let value = match self.state {
            State::Composite(hasher) => hasher.finish(),
            State::Full { so_far, .. } => so_far,
            State::Unknown => return None,
        };
        Some(StoredChecksum { algorithm, kind, value })
    }
}

/// Computes an upload's ETag. It is the MD5 of the parts' MD5s if all are known and may be shown, otherwise
/// opaque.
pub struct WholeEtag {
    md5: Option<Md5>,
    parts: u32,
}

impl WholeEtag {
    pub fn new(discloses: bool) -> Self {
        Self { md5: discloses.then(Md5::new), parts: 0 }
    }

    pub fn push(&mut self, part: Option<[u8; 16]>) {
        self.parts += 1;
        match (&mut self.md5, part) {
            (Some(md5), Some(part)) => md5.update(part),
            (md5, _) => *md5 = None,
        }
    }

    /// The ETag: 32 hex digits and the number of parts.
    pub fn finish(self) -> String {
        let digits = self.md5.map_or_else(opaque_etag, |md5| hex::encode(md5.finalize()));
        format!("{digits}-{}", self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChecksumAlgorithm;

    fn of(algorithm: ChecksumAlgorithm, data: &[u8]) -> StoredChecksum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data);
        StoredChecksum { algorithm, kind: ChecksumKind::FullObject, value: hasher.finish() }
    }

    fn whole(algorithm: ChecksumAlgorithm, kind: ChecksumKind, parts: &[&[u8]]) -> Option<StoredChecksum> {
        let mut whole = WholeChecksum::new(UploadChecksum { algorithm, kind, chosen: true });
        for part in parts {
            whole.push(Some(&of(algorithm, part)), part.len() as u64);
        }
        whole.finish()
    }

    #[test]
    fn full_checksums_cover_the_bytes() {
        for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64Nvme] {
            let found = whole(algorithm, ChecksumKind::FullObject, &[b"12", b"", b"3456", b"789"]);
            assert_eq!(found, Some(of(algorithm, b"123456789")), "{algorithm}");
        }
        assert_eq!(whole(ChecksumAlgorithm::Sha1, ChecksumKind::FullObject, &[b"1"]), None);
    }

    #[test]
    fn composite_checksums_cover_the_checksums_of_the_parts() {
        for algorithm in ChecksumAlgorithm::ALL {
            let parts = [of(algorithm, b"12").value, of(algorithm, b"345").value].concat();
            let found = whole(algorithm, ChecksumKind::Composite, &[b"12", b"345"]).unwrap();
            assert_eq!((found.kind, found.value), (ChecksumKind::Composite, of(algorithm, &parts).value));
        }
    }

    #[test]
    fn one_unknown_part_makes_the_whole_unknown() {
        let algorithm = ChecksumAlgorithm::Crc32;
        for kind in [ChecksumKind::FullObject, ChecksumKind::Composite] {
            for unknown in [None, Some(of(ChecksumAlgorithm::Crc32c, b"2"))] {
                let mut whole = WholeChecksum::new(UploadChecksum { algorithm, kind, chosen: false });
                whole.push(Some(&of(algorithm, b"1")), 1);
                whole.push(unknown.as_ref(), 1);
                whole.push(Some(&of(algorithm, b"3")), 1);
                assert_eq!(whole.finish(), None);
            }
        }
    }

    #[test]
    fn whole_etags_are_md5s_of_md5s_or_opaque() {
        let md5 = |data: &[u8]| -> [u8; 16] { Md5::digest(data).into() };
        let mut etag = WholeEtag::new(true);
        etag.push(Some(md5(b"one")));
        etag.push(Some(md5(b"two")));
        assert_eq!(etag.finish(), format!("{}-2", hex::encode(md5(&[md5(b"one"), md5(b"two")].concat()))));
        for (discloses, second) in [(false, Some(md5(b"two"))), (true, None)] {
            let opaque = || {
                let mut etag = WholeEtag::new(discloses);
                etag.push(Some(md5(b"one")));
                etag.push(second);
                etag.finish()
            };
            let (one, other) = (opaque(), opaque());
            assert_ne!(one, other);
            assert_eq!((one.len(), &one[32..]), (34, "-2"));
        }
    }
}
