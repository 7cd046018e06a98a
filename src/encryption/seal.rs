//! Sealing a blob, chunk by chunk, in place, as its bytes arrive.

use std::fmt;

use super::cipher::{ChunkCipher, Cipher};
use super::derive::{Committed, Fields, derive_committed, random};
use super::layout::{BOUND_LEN, CHUNK, HEADER_LEN, MAX_BLOB, TAG, bound_header, nonce, salt};
use super::{DataKey, Error};

/// Seals one blob. The blob is [`Sealer::header`], then each chunk followed by the tag it was given.
pub struct Sealer {
    cipher: Box<dyn ChunkCipher>,
    header: [u8; HEADER_LEN],
    next: u64,
    finished: bool,
}

impl Sealer {
    /// Starts a blob under its data key. The key must be fresh: one for each blob.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn new(cipher: Cipher, key: &DataKey, blob_id: &[u8; 24]) -> Self {
        let bound = bound_header(cipher.id(), blob_id, &random());
        let Committed { key, commitment } = blob_key(key, blob_id, &bound);
        let mut header = [0; HEADER_LEN];
        header[..BOUND_LEN].copy_from_slice(&bound);
        header[BOUND_LEN..].copy_from_slice(&commitment);
        Self { cipher: cipher.with_key(&key), header, next: 0, finished: false }
    }

    /// The header, which precedes the first chunk.
    pub fn header(&self) -> &[u8; HEADER_LEN] {
        &self.header
    }

    /// Encrypts the next chunk in place and gives the tag that follows it.
    ///
    /// Every chunk but the last has [`CHUNK`] bytes; the last has fewer or as many, and is empty only in an
    /// empty blob. [`Error::Sequence`] otherwise and after the last, [`Error::TooLarge`] beyond [`MAX_BLOB`];
    /// the chunk is then left as it was.
    pub fn seal_chunk(&mut self, plain: &mut [u8], last: bool) -> Result<[u8; TAG], Error> {
        if self.finished {
            return Err(Error::Sequence("a chunk after the last"));
        }
        if plain.len() > CHUNK || (plain.len() < CHUNK && !last) {
            return Err(Error::Sequence("a chunk that is not 64 KiB"));
        }
        if plain.is_empty() && self.next > 0 {
            return Err(Error::Sequence("an empty last chunk"));
        }
        if self.next * CHUNK as u64 + plain.len() as u64 > MAX_BLOB {
            return Err(Error::TooLarge);
        }
        let tag = self.cipher.seal(nonce(self.next, last), plain).map_err(|_| Error::TooLarge)?;
        self.next += 1;
        self.finished = last;
        Ok(tag)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("next", &self.next)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

/// The key that encrypts a blob's chunks, and its commitment. The whole header is bound: change any of it,
/// and the commitment is another.
pub(super) fn blob_key(key: &DataKey, blob_id: &[u8; 24], bound: &[u8; BOUND_LEN]) -> Committed {
    let info = Fields::new("cardea/v1/blob").bytes(blob_id).bytes(bound);
    derive_committed(key.expose(), salt(bound), &info)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(Cipher::Portable, &DataKey::generate(), &[1; 24])
    }

    #[test]
    fn the_header_reads_as_documented() {
        let sealer = sealer();
        assert_eq!(sealer.header()[..12], *b"CARDEA\x01\x01\x00\x01\x00\x00");
        assert_eq!(sealer.header()[12..36], [1; 24]);
    }

    #[test]
    fn chunks_are_full_but_the_last() {
        let mut sealer = sealer();
        let mut chunk = vec![0; CHUNK + 1];
        assert_eq!(
            sealer.seal_chunk(&mut chunk[..10], false),
            Err(Error::Sequence("a chunk that is not 64 KiB"))
        );
        assert_eq!(sealer.seal_chunk(&mut chunk, true), Err(Error::Sequence("a chunk that is not 64 KiB")));
        assert!(chunk.iter().all(|&byte| byte == 0), "a refused chunk is left as it was");

        assert!(sealer.seal_chunk(&mut chunk[..CHUNK], false).is_ok());
        assert_eq!(sealer.seal_chunk(&mut [], true), Err(Error::Sequence("an empty last chunk")));
        assert!(sealer.seal_chunk(&mut chunk[..1], true).is_ok());
        assert_eq!(sealer.seal_chunk(&mut chunk[..1], true), Err(Error::Sequence("a chunk after the last")));
    }

    #[test]
    fn an_empty_blob_is_one_empty_chunk() {
        let mut sealer = sealer();
        assert_eq!(sealer.seal_chunk(&mut [], false), Err(Error::Sequence("a chunk that is not 64 KiB")));
        assert!(sealer.seal_chunk(&mut [], true).is_ok());
    }

    #[test]
    fn a_blob_ends_at_its_limit() {
        let mut sealer = sealer();
        sealer.next = MAX_BLOB / CHUNK as u64;
        assert_eq!(sealer.seal_chunk(&mut [0], true), Err(Error::TooLarge));
        sealer.next -= 1;
        assert!(sealer.seal_chunk(&mut vec![0; CHUNK], true).is_ok());
    }
}
