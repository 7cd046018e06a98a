//! How a write is encrypted, and the ETag of a write whose MD5 is not shown.

use crate::encryption::{CustomerKey, Holder};
use crate::model::{EncryptionMode, VersionUid};
use crate::ops::engine::error::Error;

/// How a write is encrypted. Every write says so: there is no default to forget.
#[derive(Debug)]
pub enum WriteEncryption {
    /// SSE-S3: under the gateway's key ring.
    Managed,
    /// SSE-C: under the customer's key.
    Customer(CustomerKey),
    /// SSE-KMS.
    Kms,
}

/// The mode of a write, and who holds its key.
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

/// 32 hex digits that look like an MD5 and say nothing, as S3 gives for SSE-C.
pub(crate) fn opaque_etag() -> String {
    hex::encode(VersionUid::random().as_bytes())
}
