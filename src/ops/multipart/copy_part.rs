//! UploadPartCopy: a part taken from another object, by references to its blobs. No byte moves.

use std::ops::Range;

use futures_util::StreamExt;

use super::open::open_for_part;
use super::part::{Part, PartOutcome, check_number, etag};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::http::checksum::Hasher;
use crate::model::{ChecksumKind, EncryptionMode, ObjectKey, StoredChecksum, VersionUid};
use crate::ops::bytes::content::{Content, Piece};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::reader::ObjectReader;
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::object::source::CopySource;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, UploadChecksum};

/// UploadPartCopy. Bytes are read only if the client chose the upload's checksum and the source lacks it.
pub struct CopyPart {
    pub source: CopySource,
    /// The bytes of the source to copy, the last included; all when `None`.
    pub range: Option<(u64, u64)>,
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub upload: VersionUid,
    pub number: u32,
    /// The customer key with which the upload began.
    pub customer_key: Option<CustomerKey>,
}

impl Operation for CopyPart {
    type Output = PartOutcome;
    const NAME: &'static str = "CopyPart";

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
        check_number(self.number)?;
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl CopyPart {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<PartOutcome, Error> {
        let bucket = permit.bucket()?;
        let upload = gateway.index.upload(bucket.id, &self.key, self.upload).await?;
        let version = open_for_part(gateway, permit, &upload, self.customer_key.as_ref())?;

        let source = self.source.open(gateway, permit).await?;
        let size = source.content.size();
        let range = range(self.range, size)?;
        let limit = gateway.limits.max_put;
        if range.end - range.start > limit {
            return Err(Error::TooLarge { limit });
        }
        let known = if range == (0..size) { source.digests } else { Digests::default() };
        let content = source.content.slice(range);
        content.check_pieces()?;
        let checksum = checksum(gateway, upload.checksum, &known, &content, source.record.mode).await?;
        let digests =
            Digests { md5: known.md5, checksums: checksum.into_iter().collect(), ..Digests::default() };

        let reference = |piece: Piece| {
            let data_key = piece.version.data_key(&piece.part)?;
            Ok(version.reference(piece.part, &data_key))
        };
        let part = Part {
            upload: upload.uid,
            mode: upload.mode,
            number: self.number,
            etag: etag(upload.mode, &digests),
            refs: content.into_pieces().into_iter().map(reference).collect::<Result<_, Error>>()?,
            new_blobs: vec![],
            unchanged: source.unchanged,
        };
        let etag = part.etag.clone();
        let command = part.into_command(gateway, bucket, &self.key, &version, &digests)?;
        let modified = gateway.index.put_part(command).await?;
        let shown = upload.checksum.is_some_and(|checksum| checksum.chosen);
        let versioned = is_versioned(&source.bucket, source.record.version_id);
        Ok(PartOutcome {
            etag,
            checksums: if shown { digests.checksums } else { vec![] },
            modified,
            mode: upload.mode,
            source_version: versioned.then_some(source.record.version_id),
        })
    }
}

/// The bytes to copy: all, or a range inside the source.
fn range(asked: Option<(u64, u64)>, size: u64) -> Result<Range<u64>, Error> {
    match asked {
        None => Ok(0..size),
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(Error::RangeNotInSource { size }),
    }
}

/// The checksum that the upload keeps of the part. If the whole source is copied, it is the source's.
/// Otherwise one that the client chose is computed from the bytes, and a default one is left out.
async fn checksum(
    gateway: &Gateway,
    kept: Option<UploadChecksum>,
    known: &Digests,
    content: &Content,
    mode: EncryptionMode,
) -> Result<Option<StoredChecksum>, Error> {
    let Some(UploadChecksum { algorithm, chosen, .. }) = kept else { return Ok(None) };
    let fits =
        |known: &&StoredChecksum| known.algorithm == algorithm && known.kind == ChecksumKind::FullObject;
    if let Some(known) = known.checksums.iter().find(fits) {
        return Ok(Some(known.clone()));
    }
    if !chosen {
        return Ok(None);
    }
    let mut hasher = Hasher::new(algorithm);
    let reader = ObjectReader::new(gateway, content.clone(), mode, gateway.pins.enter());
    let mut stream = reader.open(0..content.size()).await?.stream;
    while let Some(bytes) = stream.next().await {
        // The gateway's own storage fails here, not the client's body.
        let bytes = bytes.map_err(|_| Error::Corrupt("the source of a copy could not be read".into()))?;
        hasher.update(&bytes);
    }
    Ok(Some(StoredChecksum { algorithm, kind: ChecksumKind::FullObject, value: hasher.finish() }))
}
