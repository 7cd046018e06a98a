//! The source of a copy: found, authorised, opened with its own key, and turned into a content.

use std::sync::Arc;

use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::http::conditions::{ReadConditions, Verdict};
use crate::model::{EncryptionMode, ObjectKey, Timestamp, VersionId};
use crate::ops::bytes::content::Content;
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::opening::{Keyless, Opening, open};
use crate::ops::bytes::opening::{missing, shown_etag};
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::ops::large::kind::LargeObject;
use crate::ops::large::read::{Depth, Reading};
use crate::storage;
use crate::storage::index::{BucketAddress, BucketRecord, Unchanged, VersionRecord};
use crate::storage::pins::Pin;

/// The source of a copy, as the client names it.
#[derive(Debug)]
pub struct CopySource {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The current version when `None`.
    pub version: Option<VersionId>,
    /// The customer key that opens the source.
    pub customer_key: Option<CustomerKey>,
    /// Conditions on the source, compared with the ETag that `face` shows. If one does not hold, the copy
    /// fails.
    pub conditions: ReadConditions,
    /// The face whose rules apply.
    pub face: Face,
}

/// A source that was opened. The pin keeps everything to which the source refers.
pub struct OpenSource {
    pub bucket: Arc<BucketRecord>,
    /// Its version, without the parts, which are in `content`.
    pub record: VersionRecord,
    /// Its MD5 and checksums.
    pub digests: Digests,
    pub content: Content,
    /// The versions that must not have changed when the copy is published.
    pub unchanged: Vec<Unchanged>,
    /// Keeps the blobs.
    pub pin: Pin,
}

impl CopySource {
    /// Opens the source for the caller of the operation. Order of checks: authorise, key, preconditions.
    pub async fn open(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<OpenSource, Error> {
        self.open_with(gateway, permit, None).await
    }

    /// As [`Self::open`]. On Swift a copy has one key header. So `shared`, the destination's key, opens an
    /// SSE-C source that came without its own key.
    pub async fn open_with(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
        shared: Option<&CustomerKey>,
    ) -> Result<OpenSource, Error> {
        let pin = gateway.pins.enter();
        let action = if self.version.is_some() { Action::GetObjectVersion } else { Action::GetObject };
        let mut bucket = permit.also(gateway, action, &self.bucket).await?;
        let mut found = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await;
        if matches!(found, Err(storage::Error::NoSuchBucket)) {
            gateway.buckets.forget(&self.bucket);
            bucket = permit.also(gateway, action, &self.bucket).await?;
            found = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await;
        }
        let mut record = found?.1.map_err(|error| match missing(error, self.version) {
            Error::VersionIsMarker { .. } => Error::SourceIsMarker,
            other => other,
        })?;
        if record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchObject { marker: None });
        }
        let shared = shared.filter(|_| record.mode == EncryptionMode::Customer);
        let (key, keyless) = (self.customer_key.as_ref().or(shared), Keyless::Refuse);
        let opening = open(&gateway.ring, permit.caller(), &bucket, &record, key, keyless);
        let Opening { version, mut digests } = opening.map_err(|error| match error {
            Error::WrongKey => Error::WrongSourceKey,
            other => other,
        })?;
        let version = version.ok_or_else(|| Error::Internal("the source of a copy was not opened".into()))?;
        let reading = Reading { gateway, permit, bucket: &bucket, record: &record, key };
        let dynamic = reading.dynamic(Depth::Open).await?;
        let etag = match &dynamic {
            Some((resolved, _)) => resolved.shown_etag(&record.etag, self.face),
            None => shown_etag(&record, &digests, self.face),
        };
        match self.conditions.evaluate(etag.as_deref(), record.modified.seconds_ceil()) {
            Verdict::Proceed => {}
            Verdict::Failed | Verdict::NotModified => return Err(Error::PreconditionFailed),
        }
        let mut unchanged = vec![Unchanged {
            bucket: bucket.id,
            key: record.key.clone(),
            version_id: record.version_id,
            uid: record.uid,
        }];
        let (content, segments) = match dynamic {
            Some((resolved, segments)) => (resolved.content.unwrap_or_default(), segments),
            None => reading.content(version, &digests).await?,
        };
        unchanged.extend(segments);
        if LargeObject::of(&record).is_some_and(|large| large != LargeObject::Parts) {
            // These digests are of the manifest. Nobody knows those of the bytes to which it refers.
            digests = Digests::default();
        }
        record.parts = vec![];
        Ok(OpenSource { bucket, record, digests, content, unchanged, pin })
    }
}
