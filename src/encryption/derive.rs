//! Key derivation: HKDF-SHA256 over length-prefixed fields, and the operating system's randomness.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The length in bytes of every secret key, derived or random.
pub(super) const KEY_LEN: usize = 32;

/// The length in bytes of every salt and key commitment.
pub(super) const SALT_LEN: usize = 32;

/// Fields one after the other, each preceded by its length as a `u64` in big-endian order. So no two
/// different lists give the same bytes. The first field is the domain: the purpose of the bytes, with a
/// version.
///
/// Used as HKDF's `info`, as AES-GCM's additional data and as the start of a hash.
pub(super) struct Fields(Vec<u8>);

impl Fields {
    /// Starts a list with its domain.
    pub(super) fn new(domain: &str) -> Self {
        Self(Vec::with_capacity(256)).bytes(domain.as_bytes())
    }

    /// Adds a field of any length.
    pub(super) fn bytes(mut self, field: &[u8]) -> Self {
        self.0.extend_from_slice(&(field.len() as u64).to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }

    /// Adds a number as a field of eight bytes, big-endian.
    pub(super) fn number(self, field: u64) -> Self {
        self.bytes(&field.to_be_bytes())
    }

    /// The encoded list.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// HKDF-SHA256: `N` bytes from a secret, a salt (may be empty) and fields with their purpose.
pub(super) fn derive<const N: usize>(
    secret: &[u8; KEY_LEN],
    salt: &[u8],
    info: &Fields,
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF-SHA256 gives no more") };
    let mut output = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(info.as_slice(), output.as_mut_slice())
        .expect("the length was checked when this was compiled");
    output
}

/// A key and the commitment to it, derived together. The commitment is stored. The same secret always gives
/// the same commitment, and no second secret can be found that gives it, too.
pub(super) struct Committed {
    /// The key. Never stored.
    pub(super) key: Zeroizing<[u8; KEY_LEN]>,
    /// The commitment. Stored, and to be compared in constant time.
    pub(super) commitment: [u8; SALT_LEN],
}

/// Derives 64 bytes: a key, then its commitment.
pub(super) fn derive_committed(secret: &[u8; KEY_LEN], salt: &[u8; SALT_LEN], info: &Fields) -> Committed {
    let both = derive::<{ KEY_LEN + SALT_LEN }>(secret, salt, info);
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let mut commitment = [0; SALT_LEN];
    key.copy_from_slice(&both[..KEY_LEN]);
    commitment.copy_from_slice(&both[KEY_LEN..]);
    Committed { key, commitment }
}

/// Fresh random bytes.
///
/// # Panics
/// When the operating system gives no randomness: no key and no nonce is safe then.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives no randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let one = Fields::new("d").bytes(b"ab").bytes(b"c");
        let other = Fields::new("d").bytes(b"a").bytes(b"bc");
        assert_ne!(one.as_slice(), other.as_slice());
        assert_ne!(Fields::new("d").as_slice(), Fields::new("d").bytes(b"").as_slice());
    }

    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        // The RFC's own examples have secrets of other lengths, so its two steps are done by hand.
        use hmac::{Hmac, KeyInit, Mac};
        let mac = |key: &[u8], data: &[u8]| -> [u8; 32] {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(data);
            mac.finalize().into_bytes().into()
        };
        let info = Fields::new("test").number(7);
        let prk = mac(&[1; 32], &[2; 32]);
        let first = mac(&prk, &[info.as_slice(), &[1]].concat());
        let second = mac(&prk, &[&first, info.as_slice(), &[2]].concat());

        let derived = derive_committed(&[2; 32], &[1; 32], &info);
        assert_eq!(*derived.key, first);
        assert_eq!(derived.commitment, second);
    }

    #[test]
    fn randomness_differs() {
        assert_ne!(random::<32>(), random::<32>());
    }
}
