//! Verifies stored data without any customer's key: sizes, headers, the seals of envelopes and parts, and
//! every chunk that the key ring opens.
//!
//! Requests may run at the same time. So an item that looks wrong is read again. It counts as wrong only if
//! it did not change meanwhile.

pub(crate) mod walk;

use std::slice;
use std::sync::Arc;

use tokio::sync::Semaphore;

use self::walk::Item;
use crate::encryption::Holder;
use crate::encryption::layout::{HEADER_LEN, plain_len, sealed_len};
use crate::model::{EncryptionMode, ObjectKey, VersionId, VersionUid};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::pace::Pace;
use crate::ops::bytes::reader::{ObjectReader, inline_bytes};
use crate::ops::bytes::version_seals::{OpenedVersion, PartSeals, VerifiedUpload, VerifiedVersion};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::engine::metrics::Metrics;
use crate::storage;
use crate::storage::index::{
    BucketAddress, BucketRecord, PartRecord, Unchanged, UploadPart, UploadRecord, VersionRecord,
};
use crate::storage::pins::Pins;

/// The number of numbered parts that are read together.
const PAGE: u32 = 1000;
/// Memory for read-ahead. It is separate, so that verification takes no memory from downloads.
const READ_AHEAD: usize = 4 << 20;
/// The number of bytes that one request reads from a blob that a customer's key sealed.
const SPAN: u64 = 1 << 20;
/// How often an item is verified if it changes each time.
const TRIES: usize = 10;

/// The outcome of verifying an item.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The item is as it was sealed.
    Sound,
    /// The item is damaged, for this reason.
    Wrong(Error),
    /// The item was deleted, or changed each time that it was read.
    Gone,
}

/// Whether an error means that stored data is damaged. All other errors mean that the data could not be read.
fn is_damage(error: &Error) -> bool {
    !matches!(error, Error::Unavailable(_) | Error::Internal(_))
}

/// A version or an upload, as the index has it.
#[derive(PartialEq, Debug)]
enum SealedRecord {
    Version(Box<VersionRecord>),
    Upload(Box<UploadRecord>, Vec<UploadPart>),
}

/// Verifies versions and uploads.
pub(crate) struct Verifier {
    gateway: Gateway,
    pace: Pace,
    /// Whether the chunks that customers' keys sealed are read too, to prove that they can be read.
    all_bytes: bool,
}

impl Verifier {
    /// Reads at this pace. A verifier does not count as a client, takes no memory from clients, and pins no
    /// blob.
    pub(crate) fn new(gateway: &Gateway, pace: Pace, all_bytes: bool) -> Self {
        let gateway = Gateway {
            pins: Pins::default(),
            metrics: Arc::new(Metrics::default()),
            read_ahead: Arc::new(Semaphore::new(READ_AHEAD)),
            ..gateway.clone()
        };
        Self { gateway, pace, all_bytes }
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Verifies an item whole. It fails if the item cannot be read.
    pub(crate) async fn item(&self, bucket: &BucketRecord, item: &Item) -> Result<Verdict, Error> {
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

    /// The present record of an item. `None` if it was deleted.
    async fn read(&self, bucket: &BucketRecord, item: &Item) -> Result<Option<SealedRecord>, Error> {
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
    ) -> Result<SealedRecord, storage::Error> {
        let address = BucketAddress::Id(bucket.id);
        let (_, found) = self.gateway.index.find(&address, key, Some(id)).await?;
        Ok(SealedRecord::Version(Box::new(found?)))
    }

    async fn read_upload(
        &self,
        bucket: &BucketRecord,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<SealedRecord, storage::Error> {
        let (record, parts) = self.gateway.index.upload_parts(bucket.id, key, id).await?;
        Ok(SealedRecord::Upload(Box::new(record), parts))
    }

    async fn verify(&self, bucket: &BucketRecord, sealed: &SealedRecord) -> Result<(), Error> {
        match sealed {
            SealedRecord::Version(record) => {
                let opened = self.version_seals(bucket, record).await?;
                for part in &record.parts {
                    self.reference(opened.as_ref(), part).await?;
                }
            }
            SealedRecord::Upload(record, parts) => {
                let opened = self.upload_seals(bucket, record, parts)?;
                for reference in parts.iter().flat_map(|part| &part.refs) {
                    self.reference(opened.as_ref(), &self.complete_reference(reference).await?).await?;
                }
            }
        }
        Ok(())
    }

    /// Verifies the seals of a version's envelope and of its numbered parts. If the key ring opens the
    /// version, returns it opened.
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

    /// Verifies the seals of an upload's envelope and of its parts. If the key ring opens the upload, returns
    /// it opened.
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

    /// Completes a reference of an upload with the blob's header, its length, and its bytes if they live in
    /// the index. The index does not return these with the upload.
    async fn complete_reference(&self, reference: &PartRecord) -> Result<PartRecord, Error> {
        let Gateway { index, blobs, .. } = &self.gateway;
        let inline = index.inline_blob(reference.blob).await?;
        let (header, sealed) = if let Some(bytes) = &inline {
            (bytes.get(..HEADER_LEN).unwrap_or_default().to_vec(), u64::try_from(bytes.len()).ok())
        } else {
            let header = blobs.read(&reference.blob, 0..HEADER_LEN as u64).await?;
            (header.to_vec(), Some(blobs.size(&reference.blob).await?))
        };
        let blob_length = sealed.and_then(plain_len).ok_or_else(|| {
            Error::Corrupt(format!("blob {} has a size that no blob can have", reference.blob).into())
        })?;
        Ok(PartRecord { header, blob_length, inline, ..reference.clone() })
    }

    /// Verifies a reference to a blob. If the version is opened, every chunk is verified, otherwise the size
    /// and the header of the blob.
    async fn reference(&self, opened: Option<&Arc<OpenedVersion>>, part: &PartRecord) -> Result<(), Error> {
        let Some(opened) = opened else { return self.sealed_reference(part).await };
        let content = Content::of_range(opened, slice::from_ref(part), part.length, 0..part.length)?;
        ObjectReader::to_verify(&self.gateway, content).verify(&self.pace).await
    }

    async fn sealed_reference(&self, part: &PartRecord) -> Result<(), Error> {
        let PartRecord { blob, header, blob_length, .. } = part;
        let (stored, blobs) = (sealed_len(*blob_length), &self.gateway.blobs);
        let inline = inline_bytes(&*self.gateway.index, part).await?;
        let found = match &inline {
            Some(bytes) if bytes.len() as u64 == stored => {
                bytes.get(..HEADER_LEN).unwrap_or_default().to_vec()
            }
            Some(_) => return Err(Error::Corrupt(format!("blob {blob} has the wrong length").into())),
            None => blobs.read_sized(blob, 0..HEADER_LEN as u64, stored).await?.to_vec(),
        };
        if found != *header {
            return Err(Error::Corrupt(format!("blob {blob} has another header than in the index").into()));
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
