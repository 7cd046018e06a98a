//! Secret keys of 256 bits: wiped when dropped, redacted in `Debug`, compared in constant time, never copied.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{KEY_LEN, random};

macro_rules! secret_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(Zeroizing<[u8; KEY_LEN]>);

        impl $name {
            /// Takes a key's bytes.
            pub fn new(bytes: [u8; KEY_LEN]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// A fresh random key.
            ///
            /// # Panics
            /// When the operating system gives no randomness.
            pub fn generate() -> Self {
                Self::new(random())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&*other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}
pub(super) use secret_key;

secret_key!(
    /// The key that a customer sends with each request for an SSE-C object. It is never stored, except as a
    /// salted commitment.
    CustomerKey
);

secret_key!(
    /// The key of one blob: random, never reused, stored only wrapped by a [`VersionKey`](super::VersionKey).
    DataKey
);

/// The reason why a text is not a customer key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFormatError {
    /// Not base64 in the standard alphabet with padding.
    #[error("the key is not base64")]
    NotBase64,
    /// Base64, but not of 32 bytes.
    #[error("the key has {found} bytes instead of 32")]
    WrongLength {
        /// How many bytes it has.
        found: usize,
    },
}

impl CustomerKey {
    /// Length in bytes.
    pub const LEN: usize = KEY_LEN;

    /// Takes a key from a slice; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// Reads a key from base64: standard alphabet, padded, no spaces.
    pub fn from_base64(text: &str) -> Result<Self, KeyFormatError> {
        // The capacity is enough for everything: growing would leave a copy of the key behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        STANDARD.decode_vec(text, &mut bytes).map_err(|_| KeyFormatError::NotBase64)?;
        Self::from_slice(&bytes).ok_or(KeyFormatError::WrongLength { found: bytes.len() })
    }

    /// The key's MD5, which clients send, too. It is as secret as the key: it lets anyone confirm a guess.
    pub fn md5(&self) -> [u8; 16] {
        Md5::digest(self.0.as_slice()).into()
    }

    /// The key's MD5 in base64, as the S3 headers carry it.
    pub fn md5_base64(&self) -> String {
        STANDARD.encode(self.md5())
    }

    /// The key in base64, as the headers carry it.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// The key itself. Use with care: never log it, store it or send it.
    pub fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl DataKey {
    /// The key itself, for deriving the blob's key and for wrapping.
    pub(super) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_padded_standard_base64_of_32_bytes_only() {
        let key = CustomerKey::new([0xfb; 32]);
        let text = key.to_base64();
        assert_eq!(CustomerKey::from_base64(&text).unwrap(), key);

        for bad in [text.trim_end_matches('='), &text.replace('+', "-"), &format!("{} ", *text), "é", "="] {
            assert_eq!(CustomerKey::from_base64(bad), Err(KeyFormatError::NotBase64), "{bad:?}");
        }
        for (bad, found) in
            [("", 0), ("AAAA", 3), (&*STANDARD.encode([0; 31]), 31), (&STANDARD.encode([0; 64]), 64)]
        {
            assert_eq!(CustomerKey::from_base64(bad), Err(KeyFormatError::WrongLength { found }));
        }
    }

    #[test]
    fn refuses_base64_whose_last_bits_are_not_zero() {
        // The last of 43 digits has two bits that must be zero. Otherwise `A` and `B` would be two spellings
        // of one key.
        let text = CustomerKey::new([0; 32]).to_base64();
        assert_eq!(CustomerKey::from_base64(&text.replace("A=", "B=")), Err(KeyFormatError::NotBase64));
    }

    #[test]
    fn md5_is_that_of_the_raw_key() {
        let key = CustomerKey::new(*b"0123456789abcdef0123456789abcdef");
        assert_eq!(hex::encode(key.md5()), "8516ac99dc60603295de7bdb6a153530");
        assert_eq!(key.md5_base64(), STANDARD.encode(key.md5()));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", CustomerKey::new([65; 32])), "CustomerKey(redacted)");
        assert_eq!(format!("{:?}", DataKey::new([65; 32])), "DataKey(redacted)");
    }

    #[test]
    fn generated_keys_differ() {
        assert_ne!(CustomerKey::generate(), CustomerKey::generate());
        assert_ne!(DataKey::generate(), DataKey::generate());
    }
}
