//! The ciphers that seal and open a blob's chunks: two implementations of AES-256-GCM that give the same
//! bytes.

#[cfg(feature = "testing")]
use aes_gcm::aead::AeadInOut;
#[cfg(feature = "testing")]
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use aws_lc_rs::aead;

use super::derive::KEY_LEN;
use super::layout::TAG;

/// Which implementation seals and opens chunks. A blob does not say which one sealed it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cipher {
    /// AWS-LC's AES-256-GCM, four times as fast.
    #[default]
    AwsLc,
    /// The `aes-gcm` crate's AES-256-GCM: the reference that tests hold the other against.
    #[cfg(feature = "testing")]
    Portable,
    /// No cipher at all, to weigh the others' share. Its blobs carry another cipher id, which no real cipher
    /// opens.
    #[cfg(feature = "unsealed-benches")]
    Unsealed,
}

impl Cipher {
    /// The cipher's id in a blob's header.
    pub(super) const fn id(self) -> u8 {
        match self {
            Self::AwsLc => 1,
            #[cfg(feature = "testing")]
            Self::Portable => 1,
            #[cfg(feature = "unsealed-benches")]
            Self::Unsealed => 0xff,
        }
    }

    /// Sets up a blob's key, once for all of its chunks.
    pub(super) fn with_key(self, key: &[u8; KEY_LEN]) -> Box<dyn ChunkCipher> {
        match self {
            Self::AwsLc => {
                let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).expect("the length is AES-256's");
                Box::new(AwsLc(aead::LessSafeKey::new(key)))
            }
            #[cfg(feature = "testing")]
            Self::Portable => Box::new(Portable(Aes256Gcm::new(key.into()))),
            #[cfg(feature = "unsealed-benches")]
            Self::Unsealed => Box::new(Unsealed),
        }
    }
}

/// It gives no reason: all that is known is "not authentic".
pub(super) struct Refused;

/// A cipher with a blob's key. There is no additional data: everything that is bound went into the key.
pub(super) trait ChunkCipher: Send + Sync {
    /// Encrypts a chunk in place and gives its tag.
    fn seal(&self, nonce: [u8; 12], chunk: &mut [u8]) -> Result<[u8; TAG], Refused>;

    /// Verifies and decrypts a chunk in place. After a refusal, the bytes in `chunk` must not be used.
    fn open(&self, nonce: [u8; 12], chunk: &mut [u8], tag: &[u8; TAG]) -> Result<(), Refused>;
}

// "Less safe" because the caller chooses the nonces. The format needs that, so that a reader can seek.
struct AwsLc(aead::LessSafeKey);

impl ChunkCipher for AwsLc {
    fn seal(&self, nonce: [u8; 12], chunk: &mut [u8]) -> Result<[u8; TAG], Refused> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, aead::Aad::empty(), chunk).map_err(|_| Refused)?;
        tag.as_ref().try_into().map_err(|_| Refused)
    }

    fn open(&self, nonce: [u8; 12], chunk: &mut [u8], tag: &[u8; TAG]) -> Result<(), Refused> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let opened = self.0.open_in_place_separate_tag(nonce, aead::Aad::empty(), tag, chunk);
        opened.map(|_| ()).map_err(|_| Refused)
    }
}

#[cfg(feature = "testing")]
struct Portable(Aes256Gcm);

#[cfg(feature = "testing")]
impl ChunkCipher for Portable {
    fn seal(&self, nonce: [u8; 12], chunk: &mut [u8]) -> Result<[u8; TAG], Refused> {
        let tag = self.0.encrypt_inout_detached(&Nonce::from(nonce), &[], chunk.into());
        tag.map(Into::into).map_err(|_| Refused)
    }

    fn open(&self, nonce: [u8; 12], chunk: &mut [u8], tag: &[u8; TAG]) -> Result<(), Refused> {
        let opened = self.0.decrypt_inout_detached(&Nonce::from(nonce), &[], chunk.into(), &Tag::from(*tag));
        opened.map_err(|_| Refused)
    }
}

#[cfg(feature = "unsealed-benches")]
struct Unsealed;

#[cfg(feature = "unsealed-benches")]
impl ChunkCipher for Unsealed {
    fn seal(&self, _nonce: [u8; 12], _chunk: &mut [u8]) -> Result<[u8; TAG], Refused> {
        Ok([0; TAG])
    }

    fn open(&self, _nonce: [u8; 12], _chunk: &mut [u8], _tag: &[u8; TAG]) -> Result<(), Refused> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 15 of the paper that proposed GCM; like our chunks, it has no additional data.
    #[test]
    fn both_pass_the_gcm_papers_case_15() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let nonce = "cafebabefacedbaddecaf888";
        let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
        let sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
        let tag = "b094dac5d93471bdec1a502270e3cc6c";

        let key = hex::decode(key).unwrap().try_into().unwrap();
        let nonce = hex::decode(nonce).unwrap().try_into().unwrap();
        for cipher in [Cipher::AwsLc, Cipher::Portable] {
            let with_key = cipher.with_key(&key);
            let mut chunk = hex::decode(plain).unwrap();
            let sealed_tag = with_key.seal(nonce, &mut chunk).ok().unwrap();
            assert_eq!(hex::encode(sealed_tag), tag, "{cipher:?}");
            assert_eq!(hex::encode(&chunk), sealed, "{cipher:?}");

            assert!(with_key.open(nonce, &mut chunk, &sealed_tag).is_ok());
            assert_eq!(hex::encode(&chunk), plain, "{cipher:?}");
            assert!(with_key.open(nonce, &mut chunk, &sealed_tag).is_err());
        }
    }
}
