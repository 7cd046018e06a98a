//! CompleteMultipartUpload: turns an upload into a version. It needs one read of the parts and one commit,
//! and no byte moves.

use super::open::{OpenUpload, open};
use super::whole::{WholeChecksum, WholeEtag};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ChecksumKind, EncryptionMode, ObjectKey, StoredChecksum, VersionUid};
use crate::ops::bytes::content::check_references;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::opening;
use crate::ops::bytes::opening::{Keyless, Opening};
use crate::ops::bytes::version_seals::{OpenedVersion, OwnedBinding, PartSeals};
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::limits::MAX_PART_NUMBER;
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::object::put::PutOutcome;
use crate::storage;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{
    BucketAddress, ChosenPart, NewVersion, PartRecord, Precondition, Publish, UploadChecksum, UploadPart,
    UploadRecord,
};

/// A part as the client's list in Complete names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedPart {
    pub number: u32,
    /// Its ETag, without quotes.
    pub etag: String,
    /// The checksums that the client names, of the upload's algorithm or of another.
    pub checksums: Vec<StoredChecksum>,
}

/// CompleteMultipartUpload. If the upload has already become the object, a second request gets the answer of
/// the first.
#[derive(Debug)]
pub struct CompleteUpload {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub upload: VersionUid,
    /// The parts, as the client named them.
    pub parts: Vec<NamedPart>,
    /// The customer's key. It is needed only where it seals the parts' checksums.
    pub customer_key: Option<CustomerKey>,
    /// A condition on the current object.
    pub precondition: Precondition,
    /// The whole object's checksum, if the client sent it.
    pub expected_checksum: Option<StoredChecksum>,
    /// The kind of the whole object's checksum, if the client sent it.
    pub expected_kind: Option<ChecksumKind>,
    /// The whole object's size, if the client sent it (`x-amz-mp-object-size`).
    pub expected_size: Option<u64>,
}

/// How many parts are verified before other tasks may run: less than a millisecond's work.
const AT_ONCE: usize = 128;

impl Operation for CompleteUpload {
    type Output = PutOutcome;
    const NAME: &'static str = "CompleteUpload";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Rows
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PutOutcome, Error> {
        // A part may be replaced between the read and the commit.
        match settled(|| self.attempt(gateway, &permit)).await {
            Err(Error::NoSuchUpload) => self.repeated(gateway, &permit).await,
            outcome => outcome,
        }
    }
}

impl CompleteUpload {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<PutOutcome, Error> {
        let bucket = permit.bucket()?;
        let (upload, parts) = gateway.index.upload_parts(bucket.id, &self.key, self.upload).await?;
        let OpenUpload { verified, version } = open(gateway, permit, &upload, self.customer_key.as_ref())?;
        if version.is_none() && upload.checksum.is_some() {
            return Err(Error::KeyRequired);
        }
        let seals = PartSeals { ring: &gateway.ring, bucket, key: &self.key };
        let whole = self.assemble(gateway, &upload, parts, seals, version.as_ref()).await?;
        self.check_whole(upload.checksum, &whole)?;

        let Whole { chosen, refs, size, etag, checksum } = whole;
        let part_count = u32::try_from(chosen.len()).map_err(|_| Error::InvalidPartOrder)?;
        let digests = Digests { checksums: checksum.into_iter().collect(), ..Digests::default() };
        // Without the key there are no digests to seal.
        let sealed = version.map(|version| version.seal_digests(upload.mode, &digests)).transpose()?;
        let binding = OwnedBinding::new(bucket, &self.key, upload.uid, upload.mode, size, &refs, None);
        let version = NewVersion {
            uid: upload.uid,
            size,
            mode: upload.mode,
            etag: etag.clone(),
            part_count: Some(part_count),
            digests: sealed.unwrap_or_default(),
            metadata: upload.metadata,
            parts: refs,
            manifest: None,
        };
        let seal = verified.into_outer(&gateway.ring, binding);
        let publish = Publish {
            precondition: self.precondition.clone(),
            ..Publish::of(gateway.writer, bucket.id, self.key.clone(), version, seal)
        };
        let command = index::CompleteUpload { upload: self.upload, parts: chosen, publish };
        let published = gateway.index.complete_upload(command).await?;
        Ok(PutOutcome {
            version_id: published.version_id,
            versioned: is_versioned(bucket, published.version_id),
            etag,
            md5: None,
            checksums: digests.checksums,
            modified: published.created,
            mode: upload.mode,
            size,
        })
    }

    /// Finds the parts that the client names among the stored ones, verifies each, and joins them.
    async fn assemble(
        &self,
        gateway: &Gateway,
        upload: &UploadRecord,
        parts: Vec<UploadPart>,
        seals: PartSeals<'_>,
        version: Option<&OpenedVersion>,
    ) -> Result<Whole, Error> {
        self.check_kind(upload.checksum)?;
        self.check_order(upload.checksum)?;
        let mut checksum = upload.checksum.map(WholeChecksum::new);
        let mut etag = WholeEtag::new(upload.mode == EncryptionMode::Managed);
        let mut chosen = Vec::with_capacity(self.parts.len());
        let mut refs = Vec::with_capacity(self.parts.len());
        let mut small = None;
        let mut size = 0u64;
        let mut stored = parts.into_iter();
        for named in &self.parts {
            if chosen.len() % AT_ONCE == AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
            let number = named.number;
            let missing = Error::InvalidPart { number };
            let Some(part) = stored.find(|part| part.number >= number) else { return Err(missing) };
            if part.number != number || part.etag != named.etag {
                return Err(missing);
            }
            let sealed = seals.open(number, part.size, &part.digests)?;
            sealed.verify(upload.uid, &part.etag, &part.refs)?;
            let digests = sealed.digests(version)?.unwrap_or_default();
            let known = digests.checksums.first();
            check_named(named, upload.checksum, known, self.expected_checksum.is_some())?;
            if let Some(whole) = &mut checksum {
                whole.push(known, part.size);
            }
            etag.push(digests.md5);
            // The last part may be small. Whether a part is the last is known only at the next one.
            if let Some(error) = small.take() {
                return Err(error);
            }
            let minimum = gateway.limits.min_part;
            if part.size < minimum {
                small = Some(Error::PartTooSmall { number, etag: part.etag, size: part.size, minimum });
            }
            size += part.size;
            refs.extend(part.refs);
            check_references(refs.len())?;
            chosen.push(ChosenPart { number, created: part.created });
        }
        let limit = gateway.limits.max_object;
        if size > limit {
            return Err(Error::TooLarge { limit });
        }
        let checksum = checksum.and_then(WholeChecksum::finish);
        Ok(Whole { chosen, refs, size, etag: etag.finish(), checksum })
    }

    /// Checks that the part numbers ascend. For a composite checksum they also leave none out, as on AWS.
    /// Otherwise nobody could compute the checksum again.
    fn check_order(&self, kept: Option<UploadChecksum>) -> Result<(), Error> {
        let first = self.parts.first().ok_or(Error::InvalidPart { number: 1 })?;
        if let Some(part) = self.parts.iter().find(|part| !(1..=MAX_PART_NUMBER).contains(&part.number)) {
            return Err(Error::InvalidPart { number: part.number });
        }
        let composite = kept.is_some_and(|kept| kept.kind == ChecksumKind::Composite);
        let follows = |pair: &[NamedPart]| {
            pair[1].number > pair[0].number && (!composite || pair[1].number - pair[0].number == 1)
        };
        if (composite && first.number != 1) || !self.parts.windows(2).all(follows) {
            return Err(Error::InvalidPartOrder);
        }
        Ok(())
    }

    /// Compares the kind of checksum that the client named with the upload's.
    fn check_kind(&self, kept: Option<UploadChecksum>) -> Result<(), Error> {
        match (kept, self.expected_kind) {
            (Some(kept), Some(said)) if kept.kind != said => {
                Err(Error::ChecksumKindDiffers { expected: kept.kind })
            }
            _ => Ok(()),
        }
    }

    /// Compares the whole object with the size and the checksum that the client sent.
    fn check_whole(&self, kept: Option<UploadChecksum>, whole: &Whole) -> Result<(), Error> {
        if let Some(expected) = self.expected_size.filter(|expected| *expected != whole.size) {
            return Err(Error::SizeDiffers { expected, found: whole.size });
        }
        let Some(StoredChecksum { algorithm, value, .. }) = &self.expected_checksum else { return Ok(()) };
        let (algorithm, expected) = (*algorithm, kept.map(|kept| kept.algorithm));
        match &whole.checksum {
            Some(found) if found.algorithm == algorithm && found.value == *value => Ok(()),
            Some(found) if found.algorithm == algorithm => Err(Error::ChecksumMismatch { algorithm }),
            Some(_) => Err(Error::PartChecksumDiffers { expected, found: Some(algorithm) }),
            None => Err(Error::PartChecksumDiffers { expected: None, found: Some(algorithm) }),
        }
    }

    /// Answers a Complete whose first answer was lost. The upload is gone, and the current version was made
    /// from it.
    async fn repeated(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<PutOutcome, Error> {
        let bucket = permit.bucket()?;
        let (_, found) = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, None).await?;
        let record = match found {
            Ok(record) if record.uid == self.upload => record,
            Ok(_) | Err(storage::Error::NoSuchObject { .. }) => return Err(Error::NoSuchUpload),
            Err(error) => return Err(error.into()),
        };
        // The first request needed the key only if there were digests to seal.
        let refuse = Keyless::Refuse;
        let keyless = if record.digests.is_empty() { Keyless::Describe } else { refuse };
        let key = self.customer_key.as_ref();
        let opening = opening::open(&gateway.ring, permit.caller(), bucket, &record, key, keyless);
        let Opening { digests, .. } = opening.map_err(|error| match error {
            Error::WrongKey => Error::PartKeyDiffers,
            Error::KeyNotApplicable { .. } => Error::PartEncryptionDiffers,
            other => other,
        })?;
        Ok(PutOutcome {
            version_id: record.version_id,
            versioned: is_versioned(bucket, record.version_id),
            etag: record.etag,
            md5: None,
            checksums: digests.checksums,
            modified: record.created,
            mode: record.mode,
            size: record.size,
        })
    }
}

/// The chosen parts, joined.
struct Whole {
    chosen: Vec<ChosenPart>,
    refs: Vec<PartRecord>,
    size: u64,
    etag: String,
    checksum: Option<StoredChecksum>,
}

/// Compares a part's checksum with the one that Complete names. If the upload's checksum is composite, every
/// part must be named with one. This does not apply if the client sends the checksum of the whole.
fn check_named(
    named: &NamedPart,
    kept: Option<UploadChecksum>,
    known: Option<&StoredChecksum>,
    whole_is_said: bool,
) -> Result<(), Error> {
    let number = named.number;
    if let Some(UploadChecksum { algorithm, kind: ChecksumKind::Composite, .. }) = kept
        && named.checksums.is_empty()
        && !whole_is_said
    {
        return Err(Error::PartChecksumMissing { number, algorithm });
    }
    let holds = |said: &StoredChecksum| {
        known.is_some_and(|known| known.algorithm == said.algorithm && known.value == said.value)
    };
    if named.checksums.iter().all(holds) { Ok(()) } else { Err(Error::InvalidPart { number }) }
}
