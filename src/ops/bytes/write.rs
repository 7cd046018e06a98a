//! How a write is encrypted, and the ETag of a write whose MD5 is not shown.

use crate::encryption::{CustomerKey, Holder};
use crate::model::{EncryptionMode, VersionUid};
use crate::ops::engine::error::Error;

/// How a write is encrypted. There is no default: every write must choose.
#[derive(Debug)]
pub enum WriteEncryption {
    /// SSE-S3: the gateway's key ring holds the key.
    Managed,
    /// SSE-C: the customer holds the key.
    Customer(CustomerKey),
    Kms,
}

/// The mode of a write, and the holder of its key.
pub(crate) fn holder(
    encryption: &WriteEncryption,
    secure: bool,
) -> Result<(EncryptionMode, Holder<'_>), Error> {
    match encryption {
        WriteEncryption::Managed => Ok((EncryptionMode::Managed, Holder::Ring)),
        WriteEncryption::Customer(_) if !secure => Err(Error::InsecureTransport),
        WriteEncryption::Customer(key) => Ok((EncryptionMode::Customer, Holder::Customer(key))),
        WriteEncryption::Kms => Err(Error::KmsNotConfigured),
    }
}

/// An ETag of 32 random hex digits. It looks like an MD5 and reveals nothing, as S3's ETag for SSE-C.
pub(crate) fn opaque_etag() -> String {
    hex::encode(VersionUid::random().as_bytes())
}
