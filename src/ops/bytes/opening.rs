//! Opens a stored version. This is the only place where the customer's key of a read is checked.

use super::digests::Digests;
use super::version_seals::{OpenedVersion, VerifiedVersion, read_digests};
use crate::encryption::{CustomerKey, Holder, KeyRing};
use crate::model::{EncryptionMode, VersionId};
use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::storage;
use crate::storage::index::{BucketRecord, VersionRecord};

/// The ETag that a face shows for a version, if the caller may see the version's digests.
pub(crate) fn shown_etag(record: &VersionRecord, digests: &Digests, face: Face) -> Option<String> {
    etag_of(face, &record.etag, record.part_count, digests)
}

pub(crate) fn etag_of(face: Face, etag: &str, part_count: Option<u32>, digests: &Digests) -> Option<String> {
    match face {
        Face::S3 => Some(etag.to_owned()),
        Face::Swift if part_count.is_some() => Some(digests.etag.as_deref().unwrap_or(etag).to_owned()),
        Face::Swift => digests.md5.map(hex::encode),
    }
}

/// Distinguishes a missing version, a missing object and a delete marker.
pub(crate) fn missing(error: storage::Error, version: Option<VersionId>) -> Error {
    match (error, version) {
        (storage::Error::NoSuchObject { marker: Some(marker) }, Some(_)) => Error::VersionIsMarker { marker },
        (storage::Error::NoSuchObject { marker: None }, Some(_)) => Error::NoSuchVersion,
        (error, _) => error.into(),
    }
}

/// The answer to a reader without the customer's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyless {
    /// The reader gets [`Error::KeyRequired`].
    Refuse,
    /// The reader gets a description, which needs no key.
    Describe,
}

/// A version that was verified and, unless it is only described, opened.
pub struct Opening {
    /// `None` if the version is only described.
    pub version: Option<OpenedVersion>,
    /// Empty if the version is only described.
    pub digests: Digests,
}

/// Checks that the key fits the version's mode, verifies the envelope and opens it.
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
            Keyless::Refuse => return Err(Error::KeyRequired),
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
