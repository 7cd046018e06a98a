//! GetObject and HeadObject: find the object, open it with its key, evaluate the conditions, and give a
//! reader.

use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::http::conditions::{ReadConditions, Verdict};
use crate::model::{EncryptionMode, ObjectKey, ObjectMetadata, Timestamp, VersionId};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::opening::{Keyless, Opening, etag_of, missing, open};
use crate::ops::bytes::reader::ObjectReader;
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::large::kind::LargeObject;
use crate::ops::large::prefix::Resolved;
use crate::ops::large::read::{Depth, Reading};
use crate::ops::multipart::span::{PartSpan, span};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, VersionRecord};

/// Opens an object for reading. Order of checks: authorise, key, preconditions.
#[derive(Debug)]
pub struct GetObject {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The current version when `None`.
    pub version: Option<VersionId>,
    pub customer_key: Option<CustomerKey>,
    /// The answer of a HEAD for an SSE-C object without its key: an error, or a description that needs no
    /// key. Any other read of such an object is an error.
    pub keyless: Keyless,
    /// Conditions, compared with the ETag that `face` shows.
    pub conditions: ReadConditions,
    /// The face whose ETag is compared and shown.
    pub face: Face,
    /// Whether only the metadata is wanted.
    pub head: bool,
    /// Only the part with this number (S3's `partNumber`). An object without parts has part 1.
    pub part: Option<u32>,
}

/// The properties of an object that its reader may know.
#[derive(Clone, Debug)]
pub struct ObjectInfo {
    pub version_id: VersionId,
    /// The time that orders the versions of a key (`X-Timestamp` is `modified`).
    pub created: Timestamp,
    /// The time that `Last-Modified` shows.
    pub modified: Timestamp,
    pub size: u64,
    pub mode: EncryptionMode,
    /// S3's ETag, without quotes: the MD5, or opaque text.
    pub etag: String,
    /// The number of parts, for an object made of parts.
    pub part_count: Option<u32>,
    /// The kind of large object, for an object made of parts or segments.
    pub large: Option<LargeObject>,
    /// The MD5 and checksums, as far as they are known and the reader may know them.
    pub digests: Digests,
    /// Without the key of an SSE-C object, the user metadata is only `mtime`.
    pub metadata: ObjectMetadata,
    /// Whether the object was opened. It is false only for a description of an SSE-C object without its key.
    pub opened: bool,
    /// Whether the bucket keeps versions. Otherwise S3 does not show `x-amz-version-id`.
    pub versioned: bool,
}

impl ObjectInfo {
    /// The ETag that a face shows, without quotes. Swift shows the plaintext's MD5 or none, since its client
    /// compares.
    pub fn shown_etag(&self, face: Face) -> Option<String> {
        match (face, &self.large) {
            (Face::Swift, Some(LargeObject::Dynamic(_))) => self.digests.etag.clone(),
            _ => etag_of(face, &self.etag, self.part_count, &self.digests),
        }
    }

    /// Describes the segments of a dynamic large object in place of its own bytes. On S3 the suffix shows
    /// clients that the ETag is no MD5.
    fn describe_resolved(&mut self, resolved: &Resolved) {
        self.etag = resolved.s3_etag(&self.etag);
        self.size = resolved.size;
        self.digests = Digests { etag: resolved.etag.clone(), ..Digests::default() };
    }
}

#[derive(Debug)]
pub struct OpenObject {
    pub info: ObjectInfo,
    /// The part that the client asked for by its number.
    pub part: Option<PartSpan>,
    /// `None` for HEAD.
    pub reader: Option<ObjectReader>,
}

impl Operation for GetObject {
    type Output = OpenObject;
    const NAME: &'static str = "GetObject";
    const CACHED: bool = true;

    fn actions(&self) -> Vec<Action> {
        vec![if self.version.is_some() { Action::GetObjectVersion } else { Action::GetObject }]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<OpenObject, Error> {
        match self.read(gateway, &permit, Manifests::Follow).await {
            Err(Error::NoSuchBucket) => {
                let permit = permit.renewed(gateway, &self).await?;
                self.read(gateway, &permit, Manifests::Follow).await
            }
            read => read,
        }
    }
}

/// The bytes that are read of a dynamic large object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manifests {
    /// The segments to which its manifest refers.
    Follow,
    /// The manifest's own bytes.
    Leave,
}

impl GetObject {
    pub(crate) async fn read(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
        manifests: Manifests,
    ) -> Result<OpenObject, Error> {
        // An object may be overwritten between the two reads that a part needs.
        settled(|| self.attempt(gateway, permit, manifests)).await
    }

    async fn attempt(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
        manifests: Manifests,
    ) -> Result<OpenObject, Error> {
        // The pin comes before the index is read: from here on it keeps everything that this request reads.
        let pin = gateway.pins.enter();
        let bucket = permit.bucket()?;
        let (fresh, found) =
            gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await?;
        let record = found.map_err(|error| missing(error, self.version))?;
        // An expired object is gone. Its version is history, and a client can read it by its id.
        let is_history = matches!(self.version, Some(VersionId::At(_)));
        if !is_history && record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchObject { marker: None });
        }

        let keyless = if self.head { self.keyless } else { Keyless::Refuse };
        let key = self.customer_key.as_ref();
        let Opening { version, digests } =
            open(&gateway.ring, permit.caller(), bucket, &record, key, keyless)?;
        let reading = Reading { gateway, permit, bucket, record: &record, key };
        let dynamic = match (manifests, &version) {
            (Manifests::Leave, _) => None,
            (Manifests::Follow, None) => reading.dynamic(Depth::Measure).await?,
            (Manifests::Follow, Some(_)) if self.head => reading.dynamic(Depth::Describe).await?,
            (Manifests::Follow, Some(_)) => reading.dynamic(Depth::Open).await?,
        };
        let mut info = info(&fresh, &record, digests, version.is_some());
        if let Some((resolved, _)) = &dynamic {
            info.describe_resolved(resolved);
        }
        let etag = info.shown_etag(self.face);
        match self.conditions.evaluate(etag.as_deref(), info.modified.seconds_ceil()) {
            Verdict::Proceed => {}
            Verdict::Failed => return Err(Error::PreconditionFailed),
            Verdict::NotModified => return Err(Error::NotModified { etag, modified: info.modified }),
        }
        let part = match self.part {
            Some(1) if dynamic.is_some() => Some(PartSpan { number: 1, range: 0..info.size }),
            Some(_) if dynamic.is_some() => return Err(Error::NoSuchPart),
            Some(number) => Some(span(gateway, bucket, &record, number).await?),
            None => None,
        };
        let content = match (dynamic, version) {
            _ if self.head => None,
            (Some((resolved, _)), _) => resolved.content,
            (None, Some(version)) => Some(reading.content(version, &info.digests).await?.0),
            (None, None) => None,
        };
        let reader = content.map(|content| ObjectReader::new(gateway, content, record.mode, pin));
        Ok(OpenObject { info, part, reader })
    }
}

/// The only user metadata item of an SSE-C object that is shown without its key. `swift upload --changed`
/// compares it.
const SHOWN_WITHOUT_KEY: &str = "mtime";

/// The properties of a version that its reader may know. Of a dynamic large object, they are those of the
/// manifest.
pub(crate) fn info(
    bucket: &BucketRecord,
    record: &VersionRecord,
    digests: Digests,
    opened: bool,
) -> ObjectInfo {
    let mut metadata = record.metadata.clone();
    if !opened {
        metadata.user.retain(|name, _| name == SHOWN_WITHOUT_KEY);
    }
    ObjectInfo {
        version_id: record.version_id,
        created: record.created,
        modified: record.modified,
        size: record.size,
        mode: record.mode,
        etag: record.etag.clone(),
        part_count: record.part_count,
        large: LargeObject::of(record),
        digests,
        metadata,
        opened,
        versioned: is_versioned(bucket, record.version_id),
    }
}
