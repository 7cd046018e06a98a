//! Sealing small things: AES-256-GCM with a random nonce. The form is `nonce ‖ ciphertext ‖ tag`.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use zeroize::Zeroizing;

use super::derive::{Fields, KEY_LEN, random};

/// The length of a nonce in bytes.
pub(super) const NONCE_LEN: usize = 12;

/// The length of a tag in bytes.
pub(super) const TAG_LEN: usize = 16;

/// By how many bytes sealed bytes are longer than their plaintext.
pub(super) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// Seals `plain` under `key` and appends it to `out`.
pub(super) fn seal(key: &[u8; KEY_LEN], aad: &Fields, plain: &[u8], out: &mut Vec<u8>) {
    // Reserved at once: a vector that grows leaves a copy of the plaintext behind.
    out.reserve(plain.len() + OVERHEAD);
    let nonce = random::<NONCE_LEN>();
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plain);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::from(nonce), aad.as_slice(), (&mut out[start..]).into())
        .expect("AES-GCM takes 64 GiB at once, and this came from memory");
    out.extend_from_slice(&tag);
}

/// Opens the bytes that [`seal`] appended. `None` if they do not verify or are too short.
pub(super) fn open(key: &[u8; KEY_LEN], aad: &Fields, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>()?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    Aes256Gcm::new(key.into())
        .decrypt_inout_detached(
            &Nonce::from(*nonce),
            aad.as_slice(),
            plain.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .ok()?;
    Some(plain)
}

/// Opens a sealed key: [`open`], and the length must be a key's.
pub(super) fn open_key(key: &[u8; KEY_LEN], aad: &Fields, sealed: &[u8]) -> Option<[u8; KEY_LEN]> {
    open(key, aad, sealed)?.as_slice().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed() {
        let aad = Fields::new("test");
        let mut sealed = Vec::new();
        seal(&[1; 32], &aad, b"plain", &mut sealed);
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(open(&[1; 32], &aad, &sealed).unwrap().as_slice(), b"plain");

        assert!(open(&[2; 32], &aad, &sealed).is_none());
        assert!(open(&[1; 32], &Fields::new("other"), &sealed).is_none());
        for cut in 0..sealed.len() {
            assert!(open(&[1; 32], &aad, &sealed[..cut]).is_none());
        }
        for byte in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[byte] ^= 1;
            assert!(open(&[1; 32], &aad, &flipped).is_none());
        }
    }

    #[test]
    fn a_key_is_neither_shorter_nor_longer() {
        let aad = Fields::new("test");
        for len in [0, 31, 32, 33] {
            let mut sealed = Vec::new();
            seal(&[1; 32], &aad, &vec![9; len], &mut sealed);
            assert_eq!(open_key(&[1; 32], &aad, &sealed).is_some(), len == 32);
        }
    }
}
