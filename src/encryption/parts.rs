//! The hash of a version's ordered list of blob references, which the envelope binds.

use sha2::{Digest, Sha256};

use super::derive::Fields;

/// One reference from a version to a slice of a blob.
#[derive(Clone, Copy, Debug)]
pub struct PartRef<'a> {
    pub blob_id: &'a [u8; 24],
    /// Where the slice starts in the blob's plaintext, in bytes.
    pub offset: u64,
    /// The slice's length in bytes.
    pub length: u64,
    /// The blob's data key, wrapped by the version's key.
    pub wrapped_key: &'a [u8],
}

/// The hash of an ordered part list: any part dropped, repeated, swapped or changed gives another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartsHash([u8; 32]);

impl PartsHash {
    /// The hash's bytes. Not secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a version that also has a manifest: its own parts, and the list of its segments.
    #[must_use]
    pub fn with_manifest(&self, manifest: &[u8]) -> Self {
        let fields = Fields::new("cardea/v1/manifest").bytes(&self.0).number(manifest.len() as u64);
        let mut hash = Sha256::new();
        hash.update(fields.as_slice());
        hash.update(manifest);
        Self(hash.finalize().into())
    }
}

/// Hashes a part list in its order: SHA-256 over the count, and for each part its sequence number, blob,
/// offset, length and wrapped key.
pub fn hash_parts<'a>(parts: impl ExactSizeIterator<Item = PartRef<'a>>) -> PartsHash {
    let mut hash = Sha256::new();
    hash.update(Fields::new("cardea/v1/parts").number(parts.len() as u64).as_slice());
    for (sequence, part) in (0_u64..).zip(parts) {
        hash.update(sequence.to_be_bytes());
        hash.update(part.blob_id);
        hash.update(part.offset.to_be_bytes());
        hash.update(part.length.to_be_bytes());
        hash.update((part.wrapped_key.len() as u64).to_be_bytes());
        hash.update(part.wrapped_key);
    }
    PartsHash(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: PartRef<'static> = PartRef { blob_id: &[1; 24], offset: 0, length: 10, wrapped_key: &[3; 61] };
    const B: PartRef<'static> = PartRef { blob_id: &[2; 24], offset: 0, length: 10, wrapped_key: &[4; 61] };

    fn hash(parts: &[PartRef<'_>]) -> PartsHash {
        hash_parts(parts.iter().copied())
    }

    #[test]
    fn a_manifest_is_part_of_it() {
        let plain = hash(&[A]);
        let with = plain.with_manifest(b"[]");
        assert_ne!(with, plain);
        assert_ne!(with, plain.with_manifest(b"[ ]"));
        assert_ne!(with, hash(&[B]).with_manifest(b"[]"));
        assert_ne!(plain.with_manifest(b""), plain);
    }

    #[test]
    fn every_change_of_the_list_shows() {
        let lists: [&[PartRef<'_>]; 10] = [
            &[],
            &[A],
            &[B],
            &[A, B],
            &[B, A],
            &[A, A, B],
            &[PartRef { blob_id: &[9; 24], ..A }, B],
            &[PartRef { offset: 1, ..A }, B],
            &[PartRef { length: 9, ..A }, B],
            &[PartRef { wrapped_key: &[3; 60], ..A }, B],
        ];
        for (i, one) in lists.iter().enumerate() {
            for (j, other) in lists.iter().enumerate() {
                assert_eq!(hash(one) == hash(other), i == j, "{i} {j}");
            }
        }
    }
}
