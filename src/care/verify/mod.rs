//! Verifying what is stored, without any customer's key: sizes, headers, the seals of envelopes and parts, and every chunk
//! that the key ring opens.
//!
//! Requests run meanwhile. What looks wrong is read again: it is wrong when it was while nothing about it changed.

mod walk;

use std::slice;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub use self::walk::{Item, Position, Walk};
use crate::encryption::Holder;
use crate::encryption::layout::{HEADER_LEN, plain_len, sealed_len};
use crate::model::{EncryptionMode, ObjectKey, VersionId, VersionUid};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::pace::Pace;
use crate::ops::bytes::reader::{ObjectReader, inline_bytes};
use crate::ops::bytes::sealing::{OpenedVersion, PartSeals, VerifiedUpload, VerifiedVersion};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::engine::metrics::Metrics;
use crate::storage;
use crate::storage::index::{
    BucketAddress, BucketRecord, PartRecord, Unchanged, UploadPart, UploadRecord, VersionRecord,
};
use crate::storage::pins::Pins;

/// Numbered parts that are read at a time.
const PAGE: u32 = 1000;
/// Memory for read-ahead: of its own, so that verifying takes none from the downloads.
const READ_AHEAD: usize = 4 << 20;
/// Bytes of a customer's blob that are read at a time.
const SPAN: u64 = 1 << 20;
/// How often something that changes again and again is looked at.
const TRIES: usize = 10;

/// What came of looking at something.
#[derive(Debug)]
pub enum Verdict {
    /// It is as it should be.
    Sound,
    /// It is not, and why.
    Wrong(Error),
    /// It is not there any more, or changed each time that it was looked at.
    Gone,
}

/// Whether an error says that something is wrong with what is stored. Others say that it could not be looked at.
fn is_damage(error: &Error) -> bool {
    !matches!(error, Error::Unavailable(_) | Error::Internal(_))
}

/// A version or an upload as it stands, to be verified.
#[derive(PartialEq, Debug)]
enum Sealed {
    /// A version.
    Version(Box<VersionRecord>),
    /// An upload and its parts.
    Upload(Box<UploadRecord>, Vec<UploadPart>),
}

/// Verifies versions and uploads.
pub struct Verifier {
    gateway: Gateway,
    pace: Pace,
    /// Whether what customers sealed is read through as well: to see that it can be read.
    all_bytes: bool,
}

impl Verifier {
    /// One that reads at this pace. It counts as no client, takes nothing from the clients' memory and holds nothing alive.
    pub fn new(gateway: &Gateway, pace: Pace, all_bytes: bool) -> Self {
        let gateway = Gateway {
            pins: Pins::default(),
            metrics: Arc::new(Metrics::default()),
            read_ahead: Arc::new(Semaphore::new(READ_AHEAD)),
            ..gateway.clone()
        };
        Self { gateway, pace, all_bytes }
    }

    /// How fast it reads.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Verifies all of an item. Fails where it cannot be looked at.
    pub async fn item(&self, bucket: &BucketRecord, item: &Item) -> Result<Verdict, Error> {
        let mut before = match self.read(bucket, item).await {
            Err(error) if is_damage(&error) => return Ok(Verdict::Wrong(error)),
            outcome => outcome?,
        };
        for _ in 0..TRIES {
            let Some(found) = before else { return Ok(Verdict::Gone) };
            match self.verify(bucket, &found).await {
                Ok(()) => return Ok(Verdict::Sound),
                Err(error) if !is_damage(&error) => return Err(error),
                Err(error) => {
                    before = self.read(bucket, item).await?;
                    if before.as_ref() == Some(&found) {
                        return Ok(Verdict::Wrong(error));
                    }
                }
            }
        }
        Ok(Verdict::Gone)
    }

    /// An item as it stands.
    async fn read(&self, bucket: &BucketRecord, item: &Item) -> Result<Option<Sealed>, Error> {
        let found = match item {
            Item::Version(key, id) => self.read_version(bucket, key, *id).await,
            Item::Upload(key, id) => self.read_upload(bucket, key, *id).await,
        };
        match found {
            Ok(sealed) => Ok(Some(sealed)),
            Err(
                storage::Error::NoSuchBucket
                | storage::Error::NoSuchObject { .. }
                | storage::Error::NoSuchUpload,
            ) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn read_version(
        &self,
        bucket: &BucketRecord,
        key: &ObjectKey,
        id: VersionId,
    ) -> Result<Sealed, storage::Error> {
        let address = BucketAddress::Id(bucket.id);
        let (_, found) = self.gateway.index.find(&address, key, Some(id)).await?;
        Ok(Sealed::Version(Box::new(found?)))
    }

    async fn read_upload(
        &self,
        bucket: &BucketRecord,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<Sealed, storage::Error> {
        let (record, parts) = self.gateway.index.upload_parts(bucket.id, key, id).await?;
        Ok(Sealed::Upload(Box::new(record), parts))
    }

    async fn verify(&self, bucket: &BucketRecord, sealed: &Sealed) -> Result<(), Error> {
        match sealed {
            Sealed::Version(record) => {
                let opened = self.version_seals(bucket, record).await?;
                for part in &record.parts {
                    self.part(opened.as_ref(), part).await?;
                }
            }
            Sealed::Upload(record, parts) => {
                let opened = self.upload_seals(bucket, record, parts)?;
                for reference in parts.iter().flat_map(|part| &part.refs) {
                    self.part(opened.as_ref(), &self.completed(reference).await?).await?;
                }
            }
        }
        Ok(())
    }

    /// Verifies the seals of a version's envelope and of its numbered parts, and opens what the key ring opens.
    async fn version_seals(
        &self,
        bucket: &BucketRecord,
        record: &VersionRecord,
    ) -> Result<Option<Arc<OpenedVersion>>, Error> {
        let ring = &self.gateway.ring;
        let verified = VerifiedVersion::verify(ring, bucket, record)?;
        let seals = PartSeals { ring, bucket, key: &record.key };
        let mut after = 0;
        while record.part_count.is_some() {
            let unchanged = Unchanged {
                bucket: bucket.id,
                key: record.key.clone(),
                version_id: record.version_id,
                uid: record.uid,
            };
            let parts = self.gateway.index.numbered_parts(unchanged, after, PAGE).await?;
            let Some(last) = parts.last() else { break };
            after = last.number;
            for part in &parts {
                seals.open(part.number, part.size, &part.digests)?;
            }
        }
        match record.mode {
            EncryptionMode::Managed => Ok(Some(Arc::new(verified.open(ring, Holder::Ring)?))),
            EncryptionMode::Customer | EncryptionMode::Kms => Ok(None),
        }
    }

    /// Verifies the seals of an upload's envelope and of its parts, and opens what the key ring opens.
    fn upload_seals(
        &self,
        bucket: &BucketRecord,
        record: &UploadRecord,
        parts: &[UploadPart],
    ) -> Result<Option<Arc<OpenedVersion>>, Error> {
        let ring = &self.gateway.ring;
        let verified = VerifiedUpload::verify(ring, bucket, record)?;
        let seals = PartSeals { ring, bucket, key: &record.key };
        for part in parts {
            let sealed = seals.open(part.number, part.size, &part.digests)?;
            sealed.verify(record.uid, &part.etag, &part.refs)?;
        }
        match record.mode {
            EncryptionMode::Managed => Ok(Some(Arc::new(verified.open(ring, Holder::Ring)?))),
            EncryptionMode::Customer | EncryptionMode::Kms => Ok(None),
        }
    }

    /// A reference of an upload with what the index does not give for it: the blob's header, length and place.
    async fn completed(&self, reference: &PartRecord) -> Result<PartRecord, Error> {
        let Gateway { index, blobs, .. } = &self.gateway;
        let inline = index.inline_blob(reference.blob).await?;
        let (header, sealed) = if let Some(bytes) = &inline {
            (bytes.get(..HEADER_LEN).unwrap_or_default().to_vec(), u64::try_from(bytes.len()).ok())
        } else {
            let header = blobs.read(&reference.blob, 0..HEADER_LEN as u64).await?;
            (header.to_vec(), Some(blobs.size(&reference.blob).await?))
        };
        let blob_length = sealed
            .and_then(plain_len)
            .ok_or_else(|| Error::Corrupt(format!("blob {} has a size that none has", reference.blob)))?;
        Ok(PartRecord { header, blob_length, inline, ..reference.clone() })
    }

    /// Verifies a reference to a blob: every chunk of it where the version is opened, else the blob's size and header.
    async fn part(&self, opened: Option<&Arc<OpenedVersion>>, part: &PartRecord) -> Result<(), Error> {
        let Some(opened) = opened else { return self.sealed_part(part).await };
        let content = Content::of_range(opened, slice::from_ref(part), part.length, 0..part.length)?;
        ObjectReader::to_verify(&self.gateway, content).verify(&self.pace).await
    }

    async fn sealed_part(&self, part: &PartRecord) -> Result<(), Error> {
        let PartRecord { blob, header, blob_length, .. } = part;
        let (stored, blobs) = (sealed_len(*blob_length), &self.gateway.blobs);
        let inline = inline_bytes(&*self.gateway.index, part).await?;
        let found = match &inline {
            Some(bytes) if bytes.len() as u64 == stored => {
                bytes.get(..HEADER_LEN).unwrap_or_default().to_vec()
            }
            Some(_) => return Err(Error::Corrupt(format!("blob {blob} has the wrong length"))),
            None => blobs.read_sized(blob, 0..HEADER_LEN as u64, stored).await?.to_vec(),
        };
        if found != *header {
            return Err(Error::Corrupt(format!("blob {blob} has another header than the index knows")));
        }
        if self.all_bytes && inline.is_none() {
            let mut at = 0;
            while at < stored {
                let end = stored.min(at + SPAN);
                self.pace.read(end - at).await;
                blobs.read(blob, at..end).await?;
                at = end;
            }
        }
        Ok(())
    }
}
