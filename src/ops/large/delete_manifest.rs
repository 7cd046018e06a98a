//! Deletes a static large object with all of its segments.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::limits::MAX_KEYED_SEGMENTS;
use super::manifest::{Entry, Manifest};
use super::segments::SegmentPath;
use crate::authz::Action;
use crate::model::{BucketName, EncryptionMode, ObjectKey, VersionId};
use crate::ops::bytes::opening::missing;
use crate::ops::bytes::version_seals::VerifiedVersion;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, Delete, Precondition, VersionRecord};

/// Deletes a static large object with all of its segments (`multipart-manifest=delete`).
#[derive(Debug)]
pub struct DeleteManifest {
    /// The bucket of the manifest.
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The version to delete; `None` for the current one.
    pub version: Option<VersionId>,
}

/// The outcome of deleting a large object.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct DeletedManifest {
    /// The number of deleted objects, including the manifest.
    pub deleted: u64,
    /// The number of segments that did not exist.
    pub not_found: u64,
    /// Pairs of `/container/object` and Swift's status line, for objects that could not be deleted.
    pub errors: Vec<(String, String)>,
    /// Whether the object is no static large object. If so, nothing was deleted.
    pub not_a_manifest: bool,
}

/// How many segments are deleted at the same time: they share the index's commits.
const TOGETHER: usize = 32;

impl Operation for DeleteManifest {
    type Output = DeletedManifest;
    const NAME: &'static str = "DeleteManifest";

    fn actions(&self) -> Vec<Action> {
        vec![if self.version.is_some() { Action::DeleteObjectVersion } else { Action::DeleteObject }]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<DeletedManifest, Error> {
        let bucket = permit.bucket()?;
        let (_, found) = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await?;
        let record = found.map_err(|error| missing(error, self.version))?;
        let mut deleting = Deleting {
            gateway,
            permit: &permit,
            account_of: bucket,
            buckets: HashMap::new(),
            outcome: DeletedManifest::default(),
        };
        if record.manifest.is_none() {
            return Ok(DeletedManifest { not_a_manifest: true, ..DeletedManifest::default() });
        }
        let own = SegmentPath { container: bucket.name.clone(), key: self.key.clone() };
        let segments = deleting.segments(&own, &record).await?;
        deleting.delete(segments).await?;

        let delete = Delete {
            bucket: bucket.id,
            key: self.key,
            version: self.version,
            precondition: Precondition::None,
        };
        match gateway.index.delete(delete).await?.removed {
            Some(_) => deleting.outcome.deleted += 1,
            None => deleting.outcome.not_found += 1,
        }
        Ok(deleting.outcome)
    }
}

struct Deleting<'a> {
    gateway: &'a Gateway,
    permit: &'a Permit<'a>,
    /// The manifest's bucket. All containers belong to its account.
    account_of: &'a BucketRecord,
    buckets: HashMap<BucketName, Result<Arc<BucketRecord>, &'static str>>,
    outcome: DeletedManifest,
}

impl Deleting<'_> {
    /// All segments of the manifest. A nested manifest comes after its own segments.
    async fn segments(
        &mut self,
        own: &SegmentPath,
        record: &VersionRecord,
    ) -> Result<Vec<(SegmentPath, Arc<BucketRecord>)>, Error> {
        let mut seen = HashSet::from([own.clone()]);
        let mut levels = VecDeque::from([self.named(self.account_of, record)?]);
        let mut segments = vec![];
        while let Some(level) = levels.pop_front() {
            let (mut nested, mut asked) = (vec![], vec![]);
            for (path, is_nested) in level {
                if !seen.insert(path.clone()) {
                    continue;
                }
                if seen.len() > MAX_KEYED_SEGMENTS as usize + 1 {
                    return Err(Error::TooManySegments { limit: MAX_KEYED_SEGMENTS });
                }
                match self.bucket(&path.container).await? {
                    Ok(bucket) => {
                        if is_nested {
                            asked.push((bucket.id, path.key.clone()));
                            nested.push(bucket.clone());
                        }
                        segments.push((path, bucket));
                    }
                    Err("404 Not Found") => self.outcome.not_found += 1,
                    Err(status) => self.outcome.errors.push((path.to_string(), status.into())),
                }
            }
            for (bucket, found) in nested.into_iter().zip(self.gateway.index.find_many(asked).await?) {
                match found {
                    Ok(record) if record.manifest.is_some() => {
                        levels.push_back(self.named(&bucket, &record)?);
                    }
                    // The nested manifest was deleted meanwhile or replaced by a plain object: it has no
                    // segments.
                    Ok(_) | Err(storage::Error::NoSuchObject { .. } | storage::Error::NoSuchBucket) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        segments.reverse();
        Ok(segments)
    }

    /// The segments that a manifest names, and whether each was a manifest itself. The manifest is used only
    /// if its envelope verifies.
    fn named(
        &self,
        bucket: &BucketRecord,
        record: &VersionRecord,
    ) -> Result<Vec<(SegmentPath, bool)>, Error> {
        debug_assert!(record.mode != EncryptionMode::Kms, "there are none yet");
        VerifiedVersion::verify(&self.gateway.ring, bucket, record)?;
        let manifest = Manifest::parse(record.manifest.as_deref().unwrap_or_default())?;
        let objects = manifest.segments.iter().filter_map(|entry| match entry {
            Entry::Object(object) => Some(object.path().map(|path| (path, object.nested))),
            Entry::Data { .. } => None,
        });
        objects.collect()
    }

    async fn delete(&mut self, segments: Vec<(SegmentPath, Arc<BucketRecord>)>) -> Result<(), Error> {
        let index = &self.gateway.index;
        let delete = |(path, bucket): (SegmentPath, Arc<BucketRecord>)| async move {
            let key = path.key.clone();
            let delete = Delete { bucket: bucket.id, key, version: None, precondition: Precondition::None };
            (path, index.delete(delete).await)
        };
        let outcomes: Vec<_> = stream::iter(segments).map(delete).buffered(TOGETHER).collect().await;
        for (path, outcome) in outcomes {
            match outcome {
                Ok(deleted) if deleted.removed.is_some() => self.outcome.deleted += 1,
                Ok(_) | Err(storage::Error::NoSuchBucket | storage::Error::NoSuchObject { .. }) => {
                    self.outcome.not_found += 1;
                }
                Err(storage::Error::Unavailable(error)) => {
                    tracing::warn!(%error, "a segment could not be deleted");
                    self.outcome.errors.push((path.to_string(), "503 Service Unavailable".into()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The container of a segment, if the caller may delete there; otherwise Swift's status line.
    async fn bucket(&mut self, name: &BucketName) -> Result<Result<Arc<BucketRecord>, &'static str>, Error> {
        if let Some(known) = self.buckets.get(name) {
            return Ok(known.clone());
        }
        let address = BucketAddress::Owned(self.account_of.account.clone(), name.clone());
        let found = match self.permit.also(self.gateway, Action::DeleteObject, &address).await {
            Ok(bucket) => Ok(bucket),
            Err(Error::NoSuchBucket) => Err("404 Not Found"),
            Err(Error::AccessDenied | Error::Unauthenticated) => Err("403 Forbidden"),
            Err(error) => return Err(error),
        };
        self.buckets.insert(name.clone(), found.clone());
        Ok(found)
    }
}
