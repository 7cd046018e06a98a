//! From a stored upload to an opened one: the one place where a part's key is checked.

use crate::encryption::{CustomerKey, Holder};
use crate::model::EncryptionMode;
use crate::ops::bytes::sealing::{OpenedVersion, VerifiedUpload};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::storage::index::UploadRecord;

/// An upload that was verified and, where its holder's key is at hand, opened.
pub struct OpenUpload {
    /// Its verified envelope.
    pub verified: VerifiedUpload,
    /// The key of the version that it will become; `None` for an SSE-C upload without the customer's key.
    pub version: Option<OpenedVersion>,
}

/// Verifies an upload's envelope and opens it. A key that is given must be right, whether it is needed or not.
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

/// [`open`] for a part that is written: the upload's key must be at hand.
pub fn open_for_part(
    gateway: &Gateway,
    permit: &Permit<'_>,
    record: &UploadRecord,
    key: Option<&CustomerKey>,
) -> Result<OpenedVersion, Error> {
    open(gateway, permit, record, key)?.version.ok_or(Error::PartEncryptionDiffers)
}
