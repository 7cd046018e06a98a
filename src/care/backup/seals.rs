//! How chunks and manifests are sealed: as secrets of the key ring, each bound to its name.
//!
//! The name of a chunk is a keyed hash of its rows. So an unchanged chunk is not written again. Without the
//! key ring the name reveals nothing, and a chunk under the name of another chunk does not open.

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::care::backup::error::Error;
use crate::encryption;
use crate::encryption::KeyRing;
use crate::storage::backup::{BackupId, ChunkName};

const CHUNK: &str = "backup-chunk";
const MANIFEST: &str = "backup-manifest";

/// The version of a chunk's format: the first byte of its plaintext.
const CHUNK_VERSION: u8 = 1;
/// The number of bytes by which a sealed chunk is longer than its rows.
pub(super) const OVERHEAD: usize = 1 + 69;

/// A chunk that has its name and is ready to be sealed.
pub(super) struct NamedChunk {
    pub(super) name: ChunkName,
    plain: Vec<u8>,
}

impl NamedChunk {
    /// Computes the name from the rows.
    pub(super) fn new(ring: &KeyRing, rows: &[u8]) -> Self {
        let mut plain = Vec::with_capacity(1 + rows.len());
        plain.push(CHUNK_VERSION);
        plain.extend_from_slice(rows);
        Self { name: ring.content_name(CHUNK, &plain), plain }
    }

    /// The length of the sealed chunk in bytes.
    pub(super) fn sealed_len(&self) -> u64 {
        (self.plain.len() + OVERHEAD - 1) as u64
    }

    pub(super) fn seal(&self, ring: &KeyRing) -> Bytes {
        ring.seal_secret(CHUNK, &self.name, &self.plain).into()
    }
}

/// Opens a chunk, and returns its rows.
pub(super) fn open_chunk(
    ring: &KeyRing,
    id: &BackupId,
    name: &ChunkName,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let what = || format!("chunk {}", hex::encode(name));
    let mut plain =
        ring.open_secret(CHUNK, name, sealed).map_err(|error| Error::sealed(id, &what(), error))?;
    if plain.first() != Some(&CHUNK_VERSION) {
        return Err(Error::sealed(id, &what(), encryption::Error::UnsupportedVersion));
    }
    plain.remove(0);
    Ok(plain)
}

pub(super) fn seal_manifest(ring: &KeyRing, id: &BackupId, plain: &[u8]) -> Bytes {
    ring.seal_secret(MANIFEST, id.as_str().as_bytes(), plain).into()
}

pub(super) fn open_manifest(
    ring: &KeyRing,
    id: &BackupId,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    ring.open_secret(MANIFEST, id.as_str().as_bytes(), sealed)
        .map_err(|error| Error::sealed(id, "its manifest", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_chunk_opens_under_its_own_name_only() {
        let (ring, id) = (KeyRing::generate(), BackupId::new(Timestamp::now()));
        let (one, other) = (NamedChunk::new(&ring, b"rows"), NamedChunk::new(&ring, b"more"));
        let sealed = one.seal(&ring);
        assert_eq!(sealed.len() as u64, one.sealed_len());
        assert_eq!(open_chunk(&ring, &id, &one.name, &sealed).unwrap().as_slice(), b"rows");
        assert_eq!(NamedChunk::new(&ring, b"rows").name, one.name);
        assert_ne!(NamedChunk::new(&KeyRing::generate(), b"rows").name, one.name);
        for (name, bytes) in
            [(&other.name, &sealed[..]), (&one.name, &sealed[..sealed.len() - 1]), (&one.name, &[])]
        {
            assert!(matches!(open_chunk(&ring, &id, name, bytes), Err(Error::Damaged { .. })));
        }
        let another = open_chunk(&KeyRing::generate(), &id, &one.name, &sealed);
        assert!(matches!(another, Err(Error::WrongRing(_))));
    }

    #[test]
    fn a_manifest_opens_for_its_own_backup_only() {
        let ring = KeyRing::generate();
        let (id, other) = (BackupId::new(Timestamp::now()), BackupId::new(Timestamp::now()));
        let sealed = seal_manifest(&ring, &id, b"{}");
        assert_eq!(open_manifest(&ring, &id, &sealed).unwrap().as_slice(), b"{}");
        assert!(matches!(open_manifest(&ring, &other, &sealed), Err(Error::Damaged { .. })));
    }
}
