//! UploadPart: seals a body into one blob, and stores it as a part of an upload.

use super::open::open_for_part;
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::http::body::Body;
use crate::model::{EncryptionMode, ObjectKey, StoredChecksum, Timestamp, VersionId, VersionUid};
use crate::ops::bytes::digest::{ChecksumRequest, Digester, ExpectedChecksum};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::sealing::{OpenedVersion, PartSeals};
use crate::ops::bytes::upload::upload;
use crate::ops::bytes::write::opaque_etag;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::limits::MAX_PART_NUMBER;
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{
    BucketAddress, BucketRecord, NewBlob, PartRecord, PutPart, Unchanged, UploadChecksum,
};

/// UploadPart.
pub struct UploadPart {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Of which upload.
    pub upload: VersionUid,
    /// Its number, 1 to [`MAX_PART_NUMBER`].
    pub number: u32,
    /// The plaintext.
    pub body: Body,
    /// The customer's key: the upload's.
    pub customer_key: Option<CustomerKey>,
    /// What its MD5 must be.
    pub expected_md5: Option<[u8; 16]>,
    /// The checksums that the client sent: at most the upload's algorithm.
    pub checksums: Vec<ChecksumRequest>,
}

/// A part that was stored.
#[derive(Clone, Debug)]
pub struct PartOutcome {
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its checksums.
    pub checksums: Vec<StoredChecksum>,
    /// When it was stored.
    pub modified: Timestamp,
    /// The upload's mode.
    pub mode: EncryptionMode,
    /// Of a copy: the source's version, where its bucket keeps versions.
    pub source_version: Option<VersionId>,
}

impl Operation for UploadPart {
    type Output = PartOutcome;
    const NAME: &'static str = "UploadPart";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PartOutcome, Error> {
        let bucket = permit.bucket()?;
        check_number(self.number)?;
        let record = gateway.index.upload(bucket.id, &self.key, self.upload).await?;
        let version = open_for_part(gateway, &permit, &record, self.customer_key.as_ref())?;
        let sent = self.checksums.len();
        let checksums = requests(record.checksum, self.checksums)?;

        let mut digester =
            Digester::exactly(record.mode == EncryptionMode::Managed, self.expected_md5, checksums);
        let uploaded = upload(gateway, self.body, &mut digester).await?;
        let mut digests = digester.finish()?;
        let mut told = digests.checksums.clone();
        if record.checksum.is_none_or(|checksum| !checksum.chosen) {
            told.truncate(sent);
        }
        keep(record.checksum, &mut digests.checksums);

        let part = Part {
            upload: record.uid,
            mode: record.mode,
            number: self.number,
            etag: etag(record.mode, &digests),
            refs: vec![version.part(&uploaded.blob, &uploaded.key)],
            new_blobs: vec![uploaded.blob],
            unchanged: vec![],
        };
        let etag = part.etag.clone();
        let command = part.into_command(gateway, bucket, &self.key, &version, &digests)?;
        let size = command.size;
        let index = gateway.index.clone();
        let modified = uploaded.unpublished.publish(async move { index.put_part(command).await }).await?;
        gateway.metrics.written(record.mode, size);
        Ok(PartOutcome { etag, checksums: told, modified, mode: record.mode, source_version: None })
    }
}

/// Refuses what no part can be numbered.
pub fn check_number(number: u32) -> Result<(), Error> {
    if (1..=MAX_PART_NUMBER).contains(&number) { Ok(()) } else { Err(Error::InvalidPart { number }) }
}

/// A part that is about to be stored.
pub struct Part {
    /// Of which upload.
    pub upload: VersionUid,
    /// The upload's mode.
    pub mode: EncryptionMode,
    /// Its number.
    pub number: u32,
    /// Its ETag.
    pub etag: String,
    /// Its references, under the upload's key.
    pub refs: Vec<PartRecord>,
    /// The blobs that are new in the index.
    pub new_blobs: Vec<NewBlob>,
    /// What the references were taken from.
    pub unchanged: Vec<Unchanged>,
}

impl Part {
    /// What the index is asked to store.
    pub fn into_command(
        self,
        gateway: &Gateway,
        bucket: &BucketRecord,
        key: &ObjectKey,
        version: &OpenedVersion,
        digests: &Digests,
    ) -> Result<PutPart, Error> {
        let seals = PartSeals { ring: &gateway.ring, bucket, key };
        let digests = seals.seal(version, self.mode, self.number, &self.etag, &self.refs, digests)?;
        Ok(PutPart {
            writer: gateway.writer,
            bucket: bucket.id,
            key: key.clone(),
            upload: self.upload,
            number: self.number,
            size: self.refs.iter().map(|part| part.length).sum(),
            etag: self.etag,
            digests,
            refs: self.refs,
            new_blobs: self.new_blobs,
            unchanged: self.unchanged,
        })
    }
}

/// A part's ETag: its MD5 where the gateway may tell it, else opaque.
pub fn etag(mode: EncryptionMode, digests: &Digests) -> String {
    match (mode, digests.md5) {
        (EncryptionMode::Managed, Some(md5)) => hex::encode(md5),
        _ => opaque_etag(),
    }
}

/// What is computed of a part's body: what was sent, first, and the upload's checksum.
fn requests(
    kept: Option<UploadChecksum>,
    mut sent: Vec<ChecksumRequest>,
) -> Result<Vec<ChecksumRequest>, Error> {
    let Some(UploadChecksum { algorithm, chosen, .. }) = kept else { return Ok(sent) };
    if chosen && let Some(other) = sent.iter().find(|sent| sent.algorithm != algorithm) {
        let found = Some(other.algorithm);
        return Err(Error::PartChecksumDiffers { expected: Some(algorithm), found });
    }
    if sent.iter().all(|sent| sent.algorithm != algorithm) {
        sent.push(ChecksumRequest { algorithm, expected: ExpectedChecksum::Compute });
    }
    Ok(sent)
}

/// Leaves what the upload keeps of a part.
pub fn keep(kept: Option<UploadChecksum>, checksums: &mut Vec<StoredChecksum>) {
    checksums.retain(|checksum| kept.is_some_and(|kept| kept.algorithm == checksum.algorithm));
    checksums.truncate(1);
}
