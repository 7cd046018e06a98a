//! UploadPart: seals a body into one blob, and stores it as a part of an upload.

use super::open::open_for_part;
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::http::body::Body;
use crate::model::{EncryptionMode, ObjectKey, StoredChecksum, Timestamp, VersionId, VersionUid};
use crate::ops::bytes::digest::{ChecksumRequest, Digester, ExpectedChecksum};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::seal_body::upload;
use crate::ops::bytes::version_seals::{OpenedVersion, PartSeals};
use crate::ops::bytes::write::opaque_etag;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::limits::MAX_PART_NUMBER;
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{
    BucketAddress, BucketRecord, NewBlob, PartRecord, PutPart, Unchanged, UploadChecksum,
};

pub struct UploadPart {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub upload: VersionUid,
    /// From 1 to [`MAX_PART_NUMBER`].
    pub number: u32,
    /// The plaintext, which is sealed as it is read.
    pub body: Body,
    /// The customer key with which the upload began.
    pub customer_key: Option<CustomerKey>,
    /// The MD5 that the client sent: the body must have it.
    pub expected_md5: Option<[u8; 16]>,
    /// The checksums that the client sent. If the client chose the upload's algorithm, no other is allowed.
    pub checksums: Vec<ChecksumRequest>,
}

#[derive(Clone, Debug)]
pub struct PartOutcome {
    /// Its ETag, without quotes.
    pub etag: String,
    pub checksums: Vec<StoredChecksum>,
    pub modified: Timestamp,
    pub mode: EncryptionMode,
    /// The source's version, for a copy from a bucket that keeps versions.
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
        let mut shown = digests.checksums.clone();
        if record.checksum.is_none_or(|checksum| !checksum.chosen) {
            shown.truncate(sent);
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
        Ok(PartOutcome { etag, checksums: shown, modified, mode: record.mode, source_version: None })
    }
}

/// Refuses a number that no part can have.
pub fn check_number(number: u32) -> Result<(), Error> {
    if (1..=MAX_PART_NUMBER).contains(&number) { Ok(()) } else { Err(Error::InvalidPart { number }) }
}

/// A part that is about to be stored.
pub struct Part {
    pub upload: VersionUid,
    pub mode: EncryptionMode,
    pub number: u32,
    pub etag: String,
    /// The references, with their keys sealed under the upload's key.
    pub refs: Vec<PartRecord>,
    /// The blobs that are new in the index.
    pub new_blobs: Vec<NewBlob>,
    /// The versions from which the references were taken.
    pub unchanged: Vec<Unchanged>,
}

impl Part {
    /// Seals the digests, and makes the command for the index.
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

/// A part's ETag: its MD5 if it may be shown, otherwise opaque.
pub fn etag(mode: EncryptionMode, digests: &Digests) -> String {
    match (mode, digests.md5) {
        (EncryptionMode::Managed, Some(md5)) => hex::encode(md5),
        _ => opaque_etag(),
    }
}

/// The checksums to compute of a part's body: first those that the client sent, then the upload's.
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

/// Removes all checksums except the one that the upload keeps.
pub fn keep(kept: Option<UploadChecksum>, checksums: &mut Vec<StoredChecksum>) {
    checksums.retain(|checksum| kept.is_some_and(|kept| kept.algorithm == checksum.algorithm));
    checksums.truncate(1);
}
