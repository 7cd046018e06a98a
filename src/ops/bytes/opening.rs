//! From a stored version to an opened one: the one place where a read's key is checked.

use crate::encryption::{CustomerKey, Holder, KeyRing};
use crate::model::EncryptionMode;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::sealing::{OpenedVersion, VerifiedVersion, read_digests};
use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::storage::index::{BucketRecord, VersionRecord};

/// What a reader without the customer's key gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyless {
    /// An error.
    Refuse {
        /// Whether only metadata was asked for.
        head: bool,
    },
    /// What needs no key.
    Describe,
}

/// A version that was verified and, unless it is only described, opened.
pub struct Opening {
    /// Its key; `None` where it is only described.
    pub version: Option<OpenedVersion>,
    /// Its digests, where they may be told.
    pub digests: Digests,
}

/// Checks the key against the version's mode, verifies the envelope and opens it.
pub fn open(
    ring: &KeyRing,
    caller: &Caller,
    bucket: &BucketRecord,
    record: &VersionRecord,
    key: Option<&CustomerKey>,
    keyless: Keyless,
) -> Result<Opening, Error> {
    if key.is_some() && !caller.secure {
        return Err(Error::InsecureTransport);
    }
    let holder = match (record.mode, key) {
        (EncryptionMode::Customer, Some(key)) => Some(Holder::Customer(key)),
        (EncryptionMode::Customer, None) => match keyless {
            Keyless::Refuse { head } => return Err(Error::KeyRequired { head }),
            Keyless::Describe => None,
        },
        (mode, Some(_)) => return Err(Error::KeyNotApplicable { mode }),
        (EncryptionMode::Managed, None) => Some(Holder::Ring),
        (EncryptionMode::Kms, None) => return Err(Error::KmsNotConfigured),
    };
    let verified = VerifiedVersion::verify(ring, bucket, record)?;
    let Some(holder) = holder else { return Ok(Opening { version: None, digests: Digests::default() }) };
    let version = verified.open(ring, holder)?;
    let digests = match record.mode {
        EncryptionMode::Customer => version.digests(&record.digests)?,
        EncryptionMode::Managed | EncryptionMode::Kms => read_digests(&record.digests)?,
    };
    Ok(Opening { version: Some(version), digests })
}
