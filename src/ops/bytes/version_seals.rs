//! Seals and opens the records of a version with the encryption core: envelopes, part keys and sealed
//! digests.

mod upload;

use crate::encryption;
use crate::encryption::{
    Binding, DataKey, Holder, InnerEnvelope, KeyRing, Mode, PartRef, PartsHash, VersionKey, hash_parts,
};
use crate::model::{EncryptionMode, ObjectKey, VersionId, VersionUid};
use crate::ops::bytes::digests::Digests;
use crate::ops::engine::error::Error;
use crate::storage::index::{BucketRecord, NewBlob, PartRecord, SealEnvelope, VersionRecord};

pub use self::upload::{PartSeals, VerifiedUpload};
use crate::ops::engine::gateway::Gateway;

/// The binding of an envelope without the version id, which the commit assigns.
pub struct OwnedBinding {
    account: String,
    bucket: [u8; 16],
    key: Vec<u8>,
    uid: [u8; 16],
    mode: Mode,
    total_length: u64,
    parts: PartsHash,
}

impl OwnedBinding {
    /// The binding of a version with these parts.
    pub fn new(
        bucket: &BucketRecord,
        key: &ObjectKey,
        uid: VersionUid,
        mode: EncryptionMode,
        total_length: u64,
        parts: &[PartRecord],
        manifest: Option<&[u8]>,
    ) -> Self {
        let parts = hash(parts);
        Self {
            account: bucket.account.as_str().into(),
            bucket: *bucket.id.as_bytes(),
            key: key.as_bytes().into(),
            uid: *uid.as_bytes(),
            mode: mode_of(mode),
            total_length,
            parts: manifest.map_or(parts, |manifest| parts.with_manifest(manifest)),
        }
    }

    /// The binding of a stored version.
    fn of_record(bucket: &BucketRecord, record: &VersionRecord) -> Self {
        let VersionRecord { key, uid, mode, size, parts, manifest, .. } = record;
        Self::new(bucket, key, *uid, *mode, *size, parts, manifest.as_deref())
    }

    fn with<'a>(&'a self, version_id: &'a str) -> Binding<'a> {
        Binding {
            account: &self.account,
            bucket: &self.bucket,
            key: &self.key,
            version_id,
            version_uid: &self.uid,
            mode: self.mode,
            total_length: self.total_length,
            parts: self.parts,
        }
    }
}

/// The keys of a version that is being written.
pub struct VersionSeals {
    key: VersionKey,
    inner: InnerEnvelope,
    uid: VersionUid,
}

impl VersionSeals {
    /// Generates a version key and seals it for its holder.
    pub fn generate(gateway: &Gateway, holder: Holder<'_>, bucket: &BucketRecord, uid: VersionUid) -> Self {
        let key = VersionKey::generate();
        let inner =
            encryption::seal_inner(&gateway.ring, holder, &key, bucket.account.as_str(), uid.as_bytes());
        Self { key, inner, uid }
    }

    /// The reference to a whole new blob.
    pub fn part(&self, blob: &NewBlob, data_key: &DataKey) -> PartRecord {
        PartRecord {
            blob: blob.id,
            offset: 0,
            length: blob.length,
            wrapped_key: self.key.wrap(self.uid.as_bytes(), blob.id.as_bytes(), data_key),
            header: blob.header.clone(),
            blob_length: blob.length,
            inline: None,
        }
    }

    /// A reference to another version's range of a blob, with the data key sealed under this version's key.
    pub fn reference(&self, part: PartRecord, data_key: &DataKey) -> PartRecord {
        let wrapped_key = self.key.wrap(self.uid.as_bytes(), part.blob.as_bytes(), data_key);
        PartRecord { wrapped_key, ..part }
    }

    /// Digests in their stored form: in the clear for the gateway's own modes, sealed under the version's key
    /// for SSE-C.
    pub fn digests(&self, mode: EncryptionMode, digests: &Digests) -> Result<Vec<u8>, Error> {
        let plain = serde_json::to_vec(digests).map_err(|e| Error::Internal(e.into()))?;
        Ok(match mode {
            EncryptionMode::Customer => self.key.seal_facts(self.uid.as_bytes(), &plain),
            EncryptionMode::Managed | EncryptionMode::Kms => plain,
        })
    }

    /// The outer seal. The commit makes it, because it assigns the version id.
    pub fn into_outer(self, gateway: &Gateway, binding: OwnedBinding) -> SealEnvelope {
        let ring = gateway.ring.clone();
        SealEnvelope(Box::new(move |version_id: VersionId| {
            Some(encryption::seal_outer(&ring, &self.inner, &binding.with(&version_id.to_string())))
        }))
    }
}

/// The outer seal of a stored version that gets another id. No holder's key is needed, because the inner
/// layer does not change.
pub fn reseal(gateway: &Gateway, bucket: &BucketRecord, record: &VersionRecord) -> SealEnvelope {
    let binding = OwnedBinding::of_record(bucket, record);
    let (ring, envelope, old) =
        (gateway.ring.clone(), record.envelope.clone(), record.version_id.to_string());
    SealEnvelope(Box::new(move |new: VersionId| {
        let new = new.to_string();
        encryption::reseal_outer(&ring, &envelope, &binding.with(&old), &binding.with(&new)).ok()
    }))
}

/// A stored version whose outer seal has been verified.
pub struct VerifiedVersion {
    inner: InnerEnvelope,
    account: String,
    uid: VersionUid,
}

impl VerifiedVersion {
    /// Verifies that the binding of the envelope has not changed since the version was published.
    pub fn verify(ring: &KeyRing, bucket: &BucketRecord, record: &VersionRecord) -> Result<Self, Error> {
        let binding = OwnedBinding::of_record(bucket, record);
        let version_id = record.version_id.to_string();
        let inner = encryption::open_outer(ring, &record.envelope, &binding.with(&version_id))?;
        Ok(Self { inner, account: binding.account, uid: record.uid })
    }

    /// Opens the version's key with the key of its holder.
    pub fn open(&self, ring: &KeyRing, holder: Holder<'_>) -> Result<OpenedVersion, Error> {
        let key = encryption::open_inner(ring, &self.inner, holder, &self.account, self.uid.as_bytes())?;
        Ok(OpenedVersion { key, uid: self.uid })
    }
}

/// A version whose key has been opened.
pub struct OpenedVersion {
    key: VersionKey,
    uid: VersionUid,
}

impl OpenedVersion {
    /// The data key of a part.
    pub fn data_key(&self, part: &PartRecord) -> Result<DataKey, Error> {
        Ok(self.key.unwrap(self.uid.as_bytes(), part.blob.as_bytes(), &part.wrapped_key)?)
    }

    /// Opens the sealed digests of an SSE-C version. An empty value means that no digest is known: the upload
    /// was completed without the key.
    pub fn digests(&self, sealed: &[u8]) -> Result<Digests, Error> {
        if sealed.is_empty() {
            return Ok(Digests::default());
        }
        read_digests(&self.key.open_facts(self.uid.as_bytes(), sealed)?)
    }
}

/// Reads digests that are stored in the clear.
pub fn read_digests(plain: &[u8]) -> Result<Digests, Error> {
    serde_json::from_slice(plain).map_err(|_| Error::Corrupt("digests cannot be read".into()))
}

fn hash(parts: &[PartRecord]) -> PartsHash {
    hash_parts(parts.iter().map(reference))
}

fn reference(part: &PartRecord) -> PartRef<'_> {
    PartRef {
        blob_id: part.blob.as_bytes(),
        offset: part.offset,
        length: part.length,
        wrapped_key: &part.wrapped_key,
    }
}

fn mode_of(mode: EncryptionMode) -> Mode {
    match mode {
        EncryptionMode::Managed => Mode::Managed,
        EncryptionMode::Customer => Mode::Customer,
        EncryptionMode::Kms => Mode::Kms,
    }
}
