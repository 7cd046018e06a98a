//! From a stored upload to an opened one: the only place that checks a part's key.

use crate::encryption::{CustomerKey, Holder};
use crate::model::EncryptionMode;
use crate::ops::bytes::version_seals::{OpenedVersion, VerifiedUpload};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::storage::index::UploadRecord;

/// An upload that was verified. It was also opened, if its holder's key is at hand.
pub struct OpenUpload {
    pub verified: VerifiedUpload,
    /// The key of the future version. It is `None` for an SSE-C upload without the customer's key.
    pub version: Option<OpenedVersion>,
}

/// Verifies an upload's envelope and opens it. If the client sent a key, it must be right, even where none is
/// needed.
pub fn open(
    gateway: &Gateway,
    permit: &Permit<'_>,
    record: &UploadRecord,
    key: Option<&CustomerKey>,
) -> Result<OpenUpload, Error> {
    if key.is_some() && !permit.caller().secure {
        return Err(Error::InsecureTransport);
    }
    let holder = match (record.mode, key) {
        (EncryptionMode::Customer, Some(key)) => Some(Holder::Customer(key)),
        (EncryptionMode::Customer, None) => None,
        (EncryptionMode::Managed, None) => Some(Holder::Ring),
        (EncryptionMode::Managed | EncryptionMode::Kms, Some(_)) => return Err(Error::PartEncryptionDiffers),
        (EncryptionMode::Kms, None) => return Err(Error::KmsNotConfigured),
    };
    let verified = VerifiedUpload::verify(&gateway.ring, permit.bucket()?, record)?;
    let open = |holder| verified.open(&gateway.ring, holder);
    let version = holder.map(open).transpose().map_err(|error| match error {
        Error::WrongKey => Error::PartKeyDiffers,
        other => other,
    })?;
    Ok(OpenUpload { verified, version })
}

/// [`open`] for writing a part: the upload's key must be at hand.
pub fn open_for_part(
    gateway: &Gateway,
    permit: &Permit<'_>,
    record: &UploadRecord,
    key: Option<&CustomerKey>,
) -> Result<OpenedVersion, Error> {
    open(gateway, permit, record, key)?.version.ok_or(Error::PartEncryptionDiffers)
}
