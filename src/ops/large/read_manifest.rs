//! Reads a manifest itself, not the bytes of its segments.

use bytes::Bytes;
use futures_util::StreamExt;
use md5::{Digest, Md5};

use super::manifest::{Entry, Manifest};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{BucketName, ObjectKey, Timestamp, VersionId};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::opening::{Keyless, Opening, missing, open};
use crate::ops::bytes::reader::ObjectReader;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::ops::object::get::{ObjectInfo, info};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, VersionRecord};

/// Reads a manifest itself (`multipart-manifest=get`). It needs no key, but without the key the hashes are
/// opaque.
#[derive(Debug)]
pub struct ReadManifest {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The version to read; `None` for the current one.
    pub version: Option<VersionId>,
    /// The customer's key.
    pub customer_key: Option<CustomerKey>,
}

#[derive(Clone, Debug)]
pub struct ManifestView {
    /// The description of the object whose manifest this is.
    pub info: ObjectInfo,
    /// The segments of a static large object; empty for an S3 multipart object; `None` for any other object.
    pub segments: Option<Vec<SegmentView>>,
}

/// A segment in the form that a manifest names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentView {
    /// An object, or a range of one.
    Object {
        bucket: BucketName,
        key: ObjectKey,
        /// The size of the whole object at the time the manifest was written.
        bytes: u64,
        /// The ETag at the time the manifest was written. It is opaque if the manifest is keyed and the key
        /// is missing.
        hash: String,
        /// The content type at the time the manifest was written.
        content_type: String,
        /// The time of the object's last change before the manifest was written.
        modified: Timestamp,
        /// The first and the last byte, if only a range belongs to the large object.
        range: Option<(u64, u64)>,
        /// Whether the segment is a static large object itself.
        nested: bool,
    },
    /// Bytes that the manifest contains; `None` if the manifest is keyed and the key is missing.
    Data(Option<Bytes>),
}

impl Operation for ReadManifest {
    type Output = ManifestView;
    const NAME: &'static str = "ReadManifest";

    fn actions(&self) -> Vec<Action> {
        vec![if self.version.is_some() { Action::GetObjectVersion } else { Action::GetObject }]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<ManifestView, Error> {
        let pin = gateway.pins.enter();
        let bucket = permit.bucket()?;
        let (_, found) = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await?;
        let record = found.map_err(|error| missing(error, self.version))?;
        let is_history = matches!(self.version, Some(VersionId::At(_)));
        if !is_history && record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchObject { marker: None });
        }
        let key = self.customer_key.as_ref();
        let Opening { version, digests } =
            open(&gateway.ring, permit.caller(), bucket, &record, key, Keyless::Describe)?;
        let info = info(bucket, &record, digests.clone(), version.is_some());
        let Some(stored) = &record.manifest else {
            return Ok(ManifestView { info, segments: record.part_count.map(|_| vec![]) });
        };
        let manifest = Manifest::parse(stored)?;
        let data = match version {
            Some(version) if manifest.data() > 0 => {
                let content = Content::of_version(version, record.parts.clone(), manifest.data())?;
                let reader = ObjectReader::new(gateway, content, record.mode, pin);
                Some(read(&reader, manifest.data()).await?)
            }
            Some(_) => Some(Bytes::new()),
            None => None,
        };
        let segments = view(&manifest, &record, &digests, data)?;
        Ok(ManifestView { info, segments: Some(segments) })
    }
}

/// Reads the manifest's own bytes. They are at most as long as the body of the request that wrote it.
async fn read(reader: &ObjectReader, length: u64) -> Result<Bytes, Error> {
    let mut stream = reader.open(0..length).await?.stream;
    let mut data = Vec::new();
    while let Some(bytes) = stream.next().await {
        data.extend_from_slice(&bytes?);
    }
    Ok(data.into())
}

fn view(
    manifest: &Manifest,
    record: &VersionRecord,
    digests: &Digests,
    mut data: Option<Bytes>,
) -> Result<Vec<SegmentView>, Error> {
    let opaque = |place: usize| hex::encode(Md5::digest(format!("{}:{place}", record.etag)));
    let mut views = Vec::with_capacity(manifest.segments.len());
    for (place, entry) in manifest.segments.iter().enumerate() {
        views.push(match entry {
            Entry::Data { data: length } => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                SegmentView::Data(data.as_mut().map(|data| data.split_to(length.min(data.len()))))
            }
            Entry::Object(object) => {
                let path = object.path()?;
                SegmentView::Object {
                    bucket: path.container,
                    key: path.key,
                    bytes: object.bytes,
                    hash: digests.segments.get(place).cloned().unwrap_or_else(|| opaque(place)),
                    content_type: object
                        .content_type
                        .clone()
                        .unwrap_or_else(|| "application/octet-stream".into()),
                    modified: object.modified(),
                    range: object.range,
                    nested: object.nested,
                }
            }
        });
    }
    Ok(views)
}
