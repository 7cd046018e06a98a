//! Opening a blob's chunks, in any order, in place.

use std::fmt;

use subtle::ConstantTimeEq;

use super::cipher::{ChunkCipher, Cipher};
use super::layout::{CHUNK, MAX_BLOB, TAG, chunk_count, nonce, parse_header};
use super::seal::blob_key;
use super::{DataKey, Error};

/// Opens one blob.
pub struct Opener {
    cipher: Box<dyn ChunkCipher>,
    chunks: u64,
    /// The plaintext length of the last chunk.
    last_len: usize,
}

impl Opener {
    /// Verifies a blob's header and its key's commitment.
    ///
    /// `header` is the blob's first [`HEADER_LEN`](super::layout::HEADER_LEN) bytes and no more; `plain_len`
    /// is the length of the blob's whole plaintext, from the index. That length is not verified here, but no
    /// chunk that belies it opens.
    pub fn new(
        cipher: Cipher,
        key: &DataKey,
        blob_id: &[u8; 24],
        header: &[u8],
        plain_len: u64,
    ) -> Result<Self, Error> {
        if plain_len > MAX_BLOB {
            return Err(Error::TooLarge);
        }
        let (bound, commitment) = parse_header(header, cipher.id(), blob_id)?;
        let derived = blob_key(key, blob_id, bound);
        if !bool::from(derived.commitment.ct_eq(commitment)) {
            return Err(Error::Tampered("blob header or data key"));
        }
        let chunks = chunk_count(plain_len);
        let last_len = plain_len - (chunks - 1) * CHUNK as u64;
        let last_len = usize::try_from(last_len).map_err(|_| Error::TooLarge)?;
        Ok(Self { cipher: cipher.with_key(&derived.key), chunks, last_len })
    }

    /// Verifies and decrypts the chunk of that index in place. Takes ciphertext and tag, gives the length of
    /// the plaintext, which then is at the front.
    ///
    /// [`Error::Tampered`] for anything but this very chunk of this very blob. The buffer is then filled with
    /// zeros, so that nothing unverified can leave.
    pub fn open_chunk(&self, index: u64, sealed: &mut [u8]) -> Result<usize, Error> {
        let last = index.checked_add(1) == Some(self.chunks);
        let expected = if last { self.last_len } else { CHUNK };
        let opened = if index >= self.chunks {
            Err(Error::Tampered("a chunk beyond the end"))
        } else {
            self.open(nonce(index, last), sealed, expected)
        };
        if opened.is_err() {
            sealed.fill(0);
        }
        opened
    }

    fn open(&self, nonce: [u8; 12], sealed: &mut [u8], expected: usize) -> Result<usize, Error> {
        match sealed.split_last_chunk_mut::<TAG>() {
            Some((chunk, tag)) if chunk.len() == expected => {
                self.cipher.open(nonce, chunk, tag).map_err(|_| Error::Tampered("chunk"))?;
                Ok(expected)
            }
            _ => Err(Error::Tampered("chunk length")),
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("chunks", &self.chunks).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sealer;
    use super::*;

    const ID: [u8; 24] = [7; 24];

    fn blob(key: &DataKey, plain: &[u8]) -> ([u8; 100], Vec<u8>) {
        let mut sealer = Sealer::new(Cipher::Portable, key, &ID);
        let mut chunk = plain.to_vec();
        let tag = sealer.seal_chunk(&mut chunk, true).unwrap();
        chunk.extend_from_slice(&tag);
        (*sealer.header(), chunk)
    }

    #[test]
    fn opens_what_was_sealed() {
        let key = DataKey::generate();
        let (header, mut chunk) = blob(&key, b"plain");
        let opener = Opener::new(Cipher::AwsLc, &key, &ID, &header, 5).unwrap();
        let len = opener.open_chunk(0, &mut chunk).unwrap();
        assert_eq!(&chunk[..len], b"plain");
    }

    #[test]
    fn what_does_not_verify_is_wiped() {
        let key = DataKey::generate();
        let (header, chunk) = blob(&key, b"plain");
        for cipher in [Cipher::AwsLc, Cipher::Portable] {
            let opener = Opener::new(cipher, &key, &ID, &header, 5).unwrap();
            let mut flipped = chunk.clone();
            flipped[0] ^= 1;
            assert_eq!(opener.open_chunk(0, &mut flipped), Err(Error::Tampered("chunk")));
            assert_eq!(flipped, [0; 21]);
        }
    }

    #[test]
    fn hostile_sizes_are_errors() {
        let key = DataKey::generate();
        let (header, chunk) = blob(&key, b"plain");
        let open = |header: &[u8], len| Opener::new(Cipher::AwsLc, &key, &ID, header, len).map(|_| ());
        assert_eq!(open(&header, u64::MAX), Err(Error::TooLarge));
        assert_eq!(open(&header[..99], 5), Err(Error::Malformed("blob header")));
        assert_eq!(open(&[&header[..], &[0]].concat(), 5), Err(Error::Malformed("blob header")));
        assert_eq!(open(&[], 5), Err(Error::Malformed("blob header")));

        let opener = Opener::new(Cipher::AwsLc, &key, &ID, &header, 5).unwrap();
        assert_eq!(opener.open_chunk(1, &mut chunk.clone()), Err(Error::Tampered("a chunk beyond the end")));
        assert_eq!(
            opener.open_chunk(u64::MAX, &mut chunk.clone()),
            Err(Error::Tampered("a chunk beyond the end"))
        );
        for cut in 0..chunk.len() {
            assert_eq!(opener.open_chunk(0, &mut chunk.clone()[..cut]), Err(Error::Tampered("chunk length")));
        }
    }

    #[cfg(feature = "unsealed-benches")]
    #[test]
    fn an_unsealed_blob_is_no_blob_to_a_real_cipher() {
        let key = DataKey::generate();
        let sealer = Sealer::new(Cipher::Unsealed, &key, &ID);
        for (cipher, opens) in [(Cipher::AwsLc, false), (Cipher::Portable, false), (Cipher::Unsealed, true)] {
            assert_eq!(Opener::new(cipher, &key, &ID, sealer.header(), 0).is_ok(), opens);
        }
    }
}
