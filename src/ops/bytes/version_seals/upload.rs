//! The seals of a multipart upload: its envelope while it has no version id, and the sealed record of each
//! part.

use super::{OpenedVersion, OwnedBinding, VersionSeals, mode_of, read_digests, reference};
use crate::encryption;
use crate::encryption::{
    DataKey, Holder, InnerEnvelope, KeyRing, OpenedPart, PartBinding, PartContents, PartsHash, hash_parts,
};
use crate::model::{EncryptionMode, ObjectKey, VersionUid};
use crate::ops::bytes::digests::Digests;
use crate::ops::engine::error::Error;
use crate::storage::index::{BucketRecord, NewBlob, PartRecord, SealEnvelope, UploadRecord};

/// Takes the place of the version id in an upload's binding. No version has this id.
const UPLOAD: &str = "upload";

impl VersionSeals {
    /// The envelope of an upload. Its binding has the account, bucket and key of the future version, and no
    /// parts yet.
    pub fn into_upload(
        self,
        ring: &KeyRing,
        bucket: &BucketRecord,
        key: &ObjectKey,
        mode: EncryptionMode,
    ) -> Vec<u8> {
        let binding = OwnedBinding::new(bucket, key, self.uid, mode, 0, &[], None);
        encryption::seal_outer(ring, &self.inner, &binding.with(UPLOAD))
    }
}

/// An upload whose envelope has been verified.
pub struct VerifiedUpload {
    inner: InnerEnvelope,
    account: String,
    uid: VersionUid,
}

impl VerifiedUpload {
    /// Verifies that the upload is the one that was begun under this key.
    pub fn verify(ring: &KeyRing, bucket: &BucketRecord, record: &UploadRecord) -> Result<Self, Error> {
        let UploadRecord { key, uid, mode, .. } = record;
        let binding = OwnedBinding::new(bucket, key, *uid, *mode, 0, &[], None);
        let inner = encryption::open_outer(ring, &record.envelope, &binding.with(UPLOAD))?;
        Ok(Self { inner, account: binding.account, uid: *uid })
    }

    /// Opens the key of the future version with the key of its holder.
    pub fn open(&self, ring: &KeyRing, holder: Holder<'_>) -> Result<OpenedVersion, Error> {
        let key = encryption::open_inner(ring, &self.inner, holder, &self.account, self.uid.as_bytes())?;
        Ok(OpenedVersion { key, uid: self.uid })
    }

    /// The version's outer seal, which the commit makes. The holder's key is not needed: the mode, the
    /// account and the uid that the inner layer is bound to stay the same.
    pub fn into_outer(self, ring: &KeyRing, version: OwnedBinding) -> SealEnvelope {
        let (ring, inner) = (ring.clone(), self.inner);
        SealEnvelope(Box::new(move |version_id| {
            Some(encryption::seal_outer(&ring, &inner, &version.with(&version_id.to_string())))
        }))
    }
}

impl OpenedVersion {
    /// The reference to a whole new blob, under this version's key.
    pub fn part(&self, blob: &NewBlob, data_key: &DataKey) -> PartRecord {
        let part = PartRecord {
            blob: blob.id,
            offset: 0,
            length: blob.length,
            wrapped_key: Vec::new(),
            header: blob.header.clone(),
            blob_length: blob.length,
            inline: None,
        };
        self.reference(part, data_key)
    }

    /// A reference to another version's range of a blob, with the data key sealed under this version's key.
    pub fn reference(&self, part: PartRecord, data_key: &DataKey) -> PartRecord {
        let wrapped_key = self.key.wrap(self.uid.as_bytes(), part.blob.as_bytes(), data_key);
        PartRecord { wrapped_key, ..part }
    }

    /// The digests of the whole object, in their stored form.
    pub fn seal_digests(&self, mode: EncryptionMode, digests: &Digests) -> Result<Vec<u8>, Error> {
        let plain = write(digests)?;
        Ok(match mode {
            EncryptionMode::Customer => self.key.seal_facts(self.uid.as_bytes(), &plain),
            EncryptionMode::Managed | EncryptionMode::Kms => plain,
        })
    }
}

/// Seals and verifies the parts of one upload, or of the object that the upload became.
#[derive(Clone, Copy)]
pub struct PartSeals<'a> {
    /// The ring whose key seals the parts.
    pub ring: &'a KeyRing,
    pub bucket: &'a BucketRecord,
    pub key: &'a ObjectKey,
}

impl PartSeals<'_> {
    /// Seals the record of a part: its digests, bound to its number, ETag and references. For SSE-C the
    /// digests need the customer's key. Verifying that the part is the stored one does not.
    pub fn seal(
        &self,
        upload: &OpenedVersion,
        mode: EncryptionMode,
        number: u32,
        etag: &str,
        refs: &[PartRecord],
        digests: &Digests,
    ) -> Result<Vec<u8>, Error> {
        let length = length(refs);
        let uid = upload.uid.as_bytes();
        let mut facts = write(digests)?;
        if mode == EncryptionMode::Customer {
            facts = upload.key.seal_part_facts(uid, number, &facts);
        }
        let contents = PartContents::new(&contents_hash(refs), etag);
        let binding = self.binding(number, length);
        Ok(encryption::seal_part(self.ring, &binding, uid, mode_of(mode), contents, &facts))
    }

    /// Verifies the sealed record of a part.
    pub fn open(&self, number: u32, length: u64, sealed: &[u8]) -> Result<SealedPart, Error> {
        let opened = encryption::open_part(self.ring, &self.binding(number, length), sealed)?;
        Ok(SealedPart { opened, number, length })
    }

    fn binding(&self, number: u32, length: u64) -> PartBinding<'_> {
        PartBinding {
            account: self.bucket.account.as_str(),
            bucket: self.bucket.id.as_bytes(),
            key: self.key.as_bytes(),
            number,
            length,
        }
    }
}

/// The record of a part whose seal has been verified.
pub struct SealedPart {
    opened: OpenedPart,
    number: u32,
    length: u64,
}

impl SealedPart {
    /// Fails if another upload stored the part.
    pub fn check_upload(&self, upload: VersionUid) -> Result<(), Error> {
        if self.opened.version_uid == upload.0 { Ok(()) } else { Err(part_differs()) }
    }

    /// Fails if another upload stored the part, or if the part has other references or another ETag.
    pub fn verify(&self, upload: VersionUid, etag: &str, refs: &[PartRecord]) -> Result<(), Error> {
        let contents = PartContents::new(&contents_hash(refs), etag);
        self.check_length(upload, refs)?;
        if self.opened.contents == contents { Ok(()) } else { Err(part_differs()) }
    }

    /// Fails if another upload than the completed one stored the part, or if the part has other references.
    pub fn verify_references(&self, upload: VersionUid, refs: &[PartRecord]) -> Result<(), Error> {
        self.check_length(upload, refs)?;
        if self.opened.contents.is_of(&contents_hash(refs)) { Ok(()) } else { Err(part_differs()) }
    }

    fn check_length(&self, upload: VersionUid, refs: &[PartRecord]) -> Result<(), Error> {
        self.check_upload(upload)?;
        if length(refs) == self.length { Ok(()) } else { Err(part_differs()) }
    }

    /// The part's digests. `None` if they need the customer's key and the upload is not opened.
    pub fn digests(&self, upload: Option<&OpenedVersion>) -> Result<Option<Digests>, Error> {
        let OpenedPart { version_uid, mode, facts, .. } = &self.opened;
        match (EncryptionMode::from_code(*mode), upload) {
            (Some(EncryptionMode::Managed | EncryptionMode::Kms), _) => read_digests(facts).map(Some),
            (Some(EncryptionMode::Customer), Some(upload)) => {
                let facts = upload.key.open_part_facts(version_uid, self.number, facts)?;
                read_digests(&facts).map(Some)
            }
            (Some(EncryptionMode::Customer), None) => Ok(None),
            (None, _) => Err(Error::Corrupt("a part of an unknown mode".into())),
        }
    }
}

/// An attacker may have changed the references: the sum must not overflow.
fn length(refs: &[PartRecord]) -> u64 {
    refs.iter().fold(0, |sum, part| sum.saturating_add(part.length))
}

/// References of no length hold no plaintext and are left out. So the lengths alone show which references
/// belong to which part.
fn contents_hash(refs: &[PartRecord]) -> PartsHash {
    let refs: Vec<_> = refs.iter().filter(|part| part.length > 0).map(reference).collect();
    hash_parts(refs.into_iter())
}

fn part_differs() -> Error {
    Error::Corrupt("a part is not the one that was stored".into())
}

fn write(digests: &Digests) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(digests).map_err(|e| Error::Internal(e.into()))
}
