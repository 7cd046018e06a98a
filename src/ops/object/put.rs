//! PutObject: seals a body and publishes it under a key.

use crate::authz::Action;
use crate::encryption::{CustomerKey, DataKey};
use crate::http::body::Body;
use crate::model::{
    EncryptionMode, ObjectKey, ObjectMetadata, StoredChecksum, Timestamp, VersionId, VersionUid,
};
use crate::ops::bytes::digest::{ChecksumRequest, Digester};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::seal_body::{Uploaded, upload};
use crate::ops::bytes::version_seals::{OwnedBinding, VersionSeals};
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::bytes::write::{WriteEncryption, holder, opaque_etag};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage;
use crate::storage::blobs::Unpublished;
use crate::storage::disk::DiskUse;
use crate::storage::index::{
    BucketAddress, BucketRecord, NewBlob, NewVersion, Precondition, Publish, Published, Rewrap, Versioning,
};

/// The largest overwrite that is admitted while the disk is nearly full.
const SMALL: u64 = 8 * 1024;

pub struct PutObject {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The plaintext, which is sealed as it is read.
    pub body: Body,
    pub encryption: WriteEncryption,
    pub metadata: ObjectMetadata,
    /// The MD5 that the client sent (`Content-MD5`, Swift's `ETag`): the body must have it.
    pub expected_md5: Option<[u8; 16]>,
    /// Whether the caller needs the MD5 in any mode (Swift's `Etag` answer). SSE-S3 writes always compute it.
    pub wants_md5: bool,
    /// The checksums that the client chose. If it chose none, CRC64NVME is computed and kept, as on S3.
    pub checksums: Vec<ChecksumRequest>,
    /// A condition on the current object.
    pub precondition: Precondition,
}

#[derive(Clone, Debug)]
pub struct PutOutcome {
    /// `Null` where the bucket keeps no versions.
    pub version_id: VersionId,
    /// Whether answers show the version id. It is false where the bucket never kept versions.
    pub versioned: bool,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// The plaintext's MD5, if it was computed. The caller sent the body and the key, so it may know the MD5.
    pub md5: Option<[u8; 16]>,
    pub checksums: Vec<StoredChecksum>,
    /// The time that `Last-Modified` shows.
    pub modified: Timestamp,
    pub mode: EncryptionMode,
    pub size: u64,
}

impl Operation for PutObject {
    type Output = PutOutcome;
    const NAME: &'static str = "PutObject";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        if self.body.length.is_some_and(|length| length <= SMALL) { DiskUse::Rows } else { DiskUse::Data }
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PutOutcome, Error> {
        check_disk(gateway, permit.bucket()?, &self.key, self.body.length).await?;
        let (received, unpublished) = Received::of(self, gateway, &permit).await?;
        let (command, etag) = received.command(gateway, &permit, vec![])?;
        let published = unpublished.publish(gateway.publishing(command, received.counted(gateway))).await?;
        received.outcome(&permit, etag, &published)
    }
}

/// In the disk's reserve only an overwrite of something larger is admitted: it frees more than it takes.
async fn check_disk(
    gateway: &Gateway,
    bucket: &BucketRecord,
    key: &ObjectKey,
    length: Option<u64>,
) -> Result<(), Error> {
    if gateway.blobs.disk().admit(DiskUse::Data).is_ok() {
        return Ok(());
    }
    match gateway.index.find(&BucketAddress::Id(bucket.id), key, None).await? {
        (fresh, Ok(current))
            if fresh.versioning != Versioning::Enabled && length.is_some_and(|new| new < current.size) =>
        {
            Ok(())
        }
        _ => Err(Error::Full),
    }
}

/// A write whose body was received. It stays the same however often its commit is tried.
pub(crate) struct Received {
    key: ObjectKey,
    encryption: WriteEncryption,
    metadata: ObjectMetadata,
    precondition: Precondition,
    blob: NewBlob,
    data_key: DataKey,
    digests: Digests,
    mode: EncryptionMode,
}

impl Received {
    /// Makes the checks that need no body, and then receives the body.
    pub(crate) async fn of(
        put: PutObject,
        gateway: &Gateway,
        permit: &Permit<'_>,
    ) -> Result<(Self, Unpublished), Error> {
        let PutObject { key, body, encryption, metadata, precondition, .. } = put;
        let (mode, _) = holder(&encryption, permit.caller().secure)?;
        check_early(gateway, permit.bucket()?, &key, &precondition).await?;

        let needs_md5 = mode == EncryptionMode::Managed || put.wants_md5;
        let mut digester = Digester::new(needs_md5, put.expected_md5, put.checksums);
        let Uploaded { blob, key: data_key, unpublished } = upload(gateway, body, &mut digester).await?;
        let digests = digester.finish()?;
        Ok((Self { key, encryption, metadata, precondition, blob, data_key, digests, mode }, unpublished))
    }

    pub(crate) fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// The customer's key, for SSE-C.
    pub(crate) fn customer_key(&self) -> Option<&CustomerKey> {
        match &self.encryption {
            WriteEncryption::Customer(key) => Some(key),
            WriteEncryption::Managed | WriteEncryption::Kms => None,
        }
    }

    /// The command that publishes the write, and the ETag that the object then has.
    pub(crate) fn command(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
        rewraps: Vec<Rewrap>,
    ) -> Result<(Publish, String), Error> {
        let bucket = permit.bucket()?;
        let (mode, holder) = holder(&self.encryption, permit.caller().secure)?;
        let uid = VersionUid::random();
        let seals = VersionSeals::generate(gateway, holder, bucket, uid);
        let size = self.blob.length;
        let part = seals.part(&self.blob, &self.data_key);
        let etag = match (mode, self.digests.md5) {
            (EncryptionMode::Managed, Some(md5)) => hex::encode(md5),
            _ => opaque_etag(),
        };
        let binding =
            OwnedBinding::new(bucket, &self.key, uid, mode, size, std::slice::from_ref(&part), None);
        let version = NewVersion {
            uid,
            size,
            mode,
            etag: etag.clone(),
            part_count: None,
            digests: seals.digests(mode, &self.digests)?,
            metadata: self.metadata.clone(),
            parts: vec![part],
            manifest: None,
        };
        let seal = seals.into_outer(gateway, binding);
        let command = Publish {
            new_blobs: vec![self.blob.clone()],
            precondition: self.precondition.clone(),
            rewraps,
            ..Publish::of(gateway.writer, bucket.id, self.key.clone(), version, seal)
        };
        Ok((command, etag))
    }

    /// Counts the write once it is published.
    pub(crate) fn counted(&self, gateway: &Gateway) -> impl FnOnce(&Published) + Send + 'static {
        let (metrics, mode, size) = (gateway.metrics.clone(), self.mode, self.blob.length);
        move |_| metrics.written(mode, size)
    }

    pub(crate) fn outcome(
        self,
        permit: &Permit<'_>,
        etag: String,
        published: &Published,
    ) -> Result<PutOutcome, Error> {
        let (mode, size) = (self.mode, self.blob.length);
        Ok(PutOutcome {
            version_id: published.version_id,
            versioned: is_versioned(permit.bucket()?, published.version_id),
            etag,
            md5: self.digests.md5,
            checksums: self.digests.checksums,
            modified: published.created,
            mode,
            size,
        })
    }
}

/// Refuses a conditional write that cannot succeed before its body is read. Only the check at the commit
/// decides.
pub(crate) async fn check_early(
    gateway: &Gateway,
    bucket: &BucketRecord,
    key: &ObjectKey,
    precondition: &Precondition,
) -> Result<(), Error> {
    if *precondition == Precondition::None {
        return Ok(());
    }
    let (_, found) = gateway.index.find(&BucketAddress::Id(bucket.id), key, None).await?;
    let current = match found {
        Ok(record) if record.metadata.system.is_expired(Timestamp::now()) => {
            Err(storage::Error::NoSuchObject { marker: None })
        }
        found => found,
    };
    match (precondition, current) {
        (Precondition::None, _)
        | (Precondition::Absent, Err(storage::Error::NoSuchObject { .. }))
        | (Precondition::Present, Ok(_)) => Ok(()),
        (Precondition::Etag(etags), Ok(current)) if etags.contains(&current.etag) => Ok(()),
        (_, Ok(_)) => Err(Error::PreconditionFailed),
        (_, Err(error)) => Err(error.into()),
    }
}
