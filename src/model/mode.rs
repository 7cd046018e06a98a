//! Who holds the key that opens an object.

use std::fmt;

/// An object's encryption mode. There is no mode without encryption.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EncryptionMode {
    /// SSE-S3: the gateway's key ring opens it.
    Managed,
    /// SSE-C: only the customer's key opens it; the gateway never stores that key.
    Customer,
    /// SSE-KMS: a key management service opens it.
    Kms,
}

impl EncryptionMode {
    /// The byte that is stored and bound into the envelope.
    pub const fn code(self) -> u8 {
        match self {
            Self::Managed => 1,
            Self::Customer => 2,
            Self::Kms => 3,
        }
    }

    /// S3's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Managed => "SSE-S3",
            Self::Customer => "SSE-C",
            Self::Kms => "SSE-KMS",
        }
    }

    /// Reads a stored byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Managed),
            2 => Some(Self::Customer),
            3 => Some(Self::Kms),
            _ => None,
        }
    }
}

impl fmt::Display for EncryptionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
