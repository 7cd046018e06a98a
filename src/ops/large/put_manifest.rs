//! Writes the manifest of a static large object.

use super::gather::{Gathered, gather};
use super::request::SegmentRequest;
use super::rewrap::rewrap;
use crate::authz::Action;
use crate::http::body::Body;
use crate::model::{EncryptionMode, ObjectKey, ObjectMetadata, VersionUid};
use crate::ops::bytes::digest::Digester;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::seal_body::{Uploaded, upload};
use crate::ops::bytes::version_seals::{OwnedBinding, VersionSeals};
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::bytes::write::{WriteEncryption, holder, opaque_etag};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::object::put::{PutOutcome, check_early};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, NewVersion, Precondition, Publish, Published};

/// Writes a static large object's manifest (Swift PUT with `multipart-manifest=put`). If there is a
/// customer's key, every segment is sealed anew under it in the same transaction. The `md5` of the outcome is
/// the large object's ETag on Swift: the MD5 of its segments' ETags.
#[derive(Debug)]
pub struct PutManifest {
    /// The bucket of the manifest. The segments may be in other buckets of its account.
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The segments, in order.
    pub segments: Vec<SegmentRequest>,
    /// The encryption of the manifest. If it is SSE-C, the segments get the same key.
    pub encryption: WriteEncryption,
    pub metadata: ObjectMetadata,
    /// The ETag that the large object must have: the MD5 of its segments' ETags, in hex.
    pub expected_etag: Option<String>,
    /// The condition that the current object must meet.
    pub precondition: Precondition,
}

impl Operation for PutManifest {
    type Output = PutOutcome;
    const NAME: &'static str = "PutManifest";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PutOutcome, Error> {
        holder(&self.encryption, permit.caller().secure)?;
        check_early(gateway, permit.bucket()?, &self.key, &self.precondition).await?;
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl PutManifest {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<PutOutcome, Error> {
        // The pin keeps the segments' blobs until the manifest is published.
        let _pin = gateway.pins.enter();
        let bucket = permit.bucket()?;
        let (mode, holder) = holder(&self.encryption, permit.caller().secure)?;
        let Gathered { manifest, size, etags, etag: md5, data, segments } =
            gather(&self.segments, &self.key, &self.encryption, gateway, permit).await?;
        self.check_etag(md5)?;
        let (rewraps, unchanged) = match &self.encryption {
            WriteEncryption::Customer(key) => rewrap(gateway, key, &segments).await?,
            WriteEncryption::Managed | WriteEncryption::Kms => (vec![], vec![]),
        };

        let uid = VersionUid::random();
        let seals = VersionSeals::generate(gateway, holder, bucket, uid);
        let (mut parts, mut new_blobs, mut unpublished) = (vec![], vec![], gateway.blobs.unpublished());
        let written = data.len() as u64;
        if written > 0 {
            let mut digester = Digester::exactly(false, None, vec![]);
            let uploaded = upload(gateway, Body::from_bytes(data), &mut digester).await?;
            let Uploaded { blob, key, unpublished: stored } = uploaded;
            parts.push(seals.part(&blob, &key));
            new_blobs.push(blob);
            unpublished = stored;
        }
        let count = u32::try_from(etags.len()).unwrap_or(u32::MAX);
        let etag = match mode {
            EncryptionMode::Managed => format!("{}-{count}", hex::encode(md5)),
            EncryptionMode::Customer | EncryptionMode::Kms => format!("{}-{count}", opaque_etag()),
        };
        let digests = Digests { etag: Some(hex::encode(md5)), segments: etags, ..Digests::default() };
        let manifest = manifest.to_bytes()?;
        let binding = OwnedBinding::new(bucket, &self.key, uid, mode, size, &parts, Some(&manifest));
        let version = NewVersion {
            uid,
            size,
            mode,
            etag: etag.clone(),
            part_count: Some(count),
            digests: seals.digests(mode, &digests)?,
            metadata: self.metadata.clone(),
            parts,
            manifest: Some(manifest),
        };
        let seal = seals.into_outer(gateway, binding);
        let publish = Publish {
            new_blobs,
            precondition: self.precondition.clone(),
            unchanged,
            rewraps,
            ..Publish::of(gateway.writer, bucket.id, self.key.clone(), version, seal)
        };
        let metrics = gateway.metrics.clone();
        let counted = move |_: &Published| metrics.written(mode, written);
        let published = unpublished.publish(gateway.publishing(publish, counted)).await?;
        Ok(PutOutcome {
            version_id: published.version_id,
            versioned: is_versioned(bucket, published.version_id),
            etag,
            md5: Some(md5),
            checksums: vec![],
            modified: published.created,
            mode,
            size,
        })
    }

    /// Compares the large object's ETag with the one that the client expects.
    fn check_etag(&self, md5: [u8; 16]) -> Result<(), Error> {
        let computed = hex::encode(md5);
        match &self.expected_etag {
            Some(expected) if !expected.trim_matches('"').eq_ignore_ascii_case(&computed) => {
                Err(Error::Md5Mismatch { expected: expected.clone(), computed })
            }
            _ => Ok(()),
        }
    }
}
