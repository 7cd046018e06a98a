//! The seals of a multipart upload: its envelope while it has no version id, and what is kept of each of its parts.

use super::{OpenedVersion, OwnedBinding, VersionSeals, mode_of, read_digests, reference};
use crate::encryption;
use crate::encryption::{
    DataKey, Holder, InnerEnvelope, KeyRing, OpenedPart, PartBinding, PartContents, PartsHash, hash_parts,
};
use crate::model::{EncryptionMode, ObjectKey, VersionUid};
use crate::ops::bytes::digests::Digests;
use crate::ops::engine::error::Error;
use crate::storage::index::{BucketRecord, NewBlob, PartRecord, SealEnvelope, UploadRecord};

/// What stands for the version id in an upload's binding. No version has such an id.
const UPLOAD: &str = "upload";

impl VersionSeals {
    /// The envelope of an upload: bound to the place its version will have, and to no parts yet.
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

    /// Opens the key of the version to be with its holder's.
    pub fn open(&self, ring: &KeyRing, holder: Holder<'_>) -> Result<OpenedVersion, Error> {
        let key = encryption::open_inner(ring, &self.inner, holder, &self.account, self.uid.as_bytes())?;
        Ok(OpenedVersion { key, uid: self.uid })
    }

    /// The version's outer seal, to be made inside the commit, without the holder: it changes neither the mode nor the
    /// account nor the uid that the inner layer is bound to.
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

    /// A reference to what another version refers to, under this version's key.
    pub fn reference(&self, part: PartRecord, data_key: &DataKey) -> PartRecord {
        let wrapped_key = self.key.wrap(self.uid.as_bytes(), part.blob.as_bytes(), data_key);
        PartRecord { wrapped_key, ..part }
    }

    /// Digests of the whole, as they are stored.
    pub fn seal_digests(&self, mode: EncryptionMode, digests: &Digests) -> Result<Vec<u8>, Error> {
        let plain = write(digests)?;
        Ok(match mode {
            EncryptionMode::Customer => self.key.seal_facts(self.uid.as_bytes(), &plain),
            EncryptionMode::Managed | EncryptionMode::Kms => plain,
        })
    }
}

/// Where the parts of an upload, or of the object it became, stand.
#[derive(Clone, Copy)]
pub struct PartSeals<'a> {
    /// What seals them.
    pub ring: &'a KeyRing,
    /// Where.
    pub bucket: &'a BucketRecord,
    /// Under which key.
    pub key: &'a ObjectKey,
}

impl PartSeals<'_> {
    /// What is kept of a part: its digests, bound to its number, ETag and references. For SSE-C only a reader with the key
    /// sees the digests; that the part is the one that was stored can be verified without.
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
        let place = self.place(number, length);
        Ok(encryption::seal_part(self.ring, &place, uid, mode_of(mode), contents, &facts))
    }

    /// Verifies what is kept of a part.
    pub fn open(&self, number: u32, length: u64, sealed: &[u8]) -> Result<SealedPart, Error> {
        let opened = encryption::open_part(self.ring, &self.place(number, length), sealed)?;
        Ok(SealedPart { opened, number, length })
    }

    fn place(&self, number: u32, length: u64) -> PartBinding<'_> {
        PartBinding {
            account: self.bucket.account.as_str(),
            bucket: self.bucket.id.as_bytes(),
            key: self.key.as_bytes(),
            number,
            length,
        }
    }
}

/// What is kept of a part, verified.
pub struct SealedPart {
    opened: OpenedPart,
    number: u32,
    length: u64,
}

impl SealedPart {
    /// Fails where the part was stored by another upload.
    pub fn check_upload(&self, upload: VersionUid) -> Result<(), Error> {
        if self.opened.version_uid == upload.0 { Ok(()) } else { Err(another()) }
    }

    /// Fails where the part was stored by another upload, is not made of these references, or goes by another ETag.
    pub fn verify(&self, upload: VersionUid, etag: &str, refs: &[PartRecord]) -> Result<(), Error> {
        let contents = PartContents::new(&contents_hash(refs), etag);
        self.check_length(upload, refs)?;
        if self.opened.contents == contents { Ok(()) } else { Err(another()) }
    }

    /// Fails where the part of a completed upload was stored by another, or is not made of these references.
    pub fn verify_references(&self, upload: VersionUid, refs: &[PartRecord]) -> Result<(), Error> {
        self.check_length(upload, refs)?;
        if self.opened.contents.is_of(&contents_hash(refs)) { Ok(()) } else { Err(another()) }
    }

    fn check_length(&self, upload: VersionUid, refs: &[PartRecord]) -> Result<(), Error> {
        self.check_upload(upload)?;
        if length(refs) == self.length { Ok(()) } else { Err(another()) }
    }

    /// The part's digests. `None` where they are the customer's and the upload is not opened.
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

/// The references may be what somebody made of them: the sum must not overflow.
fn length(refs: &[PartRecord]) -> u64 {
    refs.iter().fold(0, |sum, part| sum.saturating_add(part.length))
}

/// References of no length hold no plaintext, and are left out: so the references of a part can be told from those of its
/// neighbours by their lengths.
fn contents_hash(refs: &[PartRecord]) -> PartsHash {
    let refs: Vec<_> = refs.iter().filter(|part| part.length > 0).map(reference).collect();
    hash_parts(refs.into_iter())
}

fn another() -> Error {
    Error::Corrupt("a part is not the one that was stored".into())
}

fn write(digests: &Digests) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(digests).map_err(|e| Error::Internal(e.into()))
}
