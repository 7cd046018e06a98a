//! Finds the segments of large objects in batches, authorises, verifies and opens them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::authz::Action;
use crate::encryption::{CustomerKey, Holder};
use crate::model::{AccountId, BucketName, EncryptionMode, ObjectKey, Timestamp};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::version_seals::{OpenedVersion, VerifiedVersion, read_digests};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::storage;
use crate::storage::index::{BucketAddress, BucketRecord, Unchanged, VersionRecord};

/// How many segments one read of the index asks for. Copies make it cheap to create objects with thousands of
/// parts. The number is small enough that such objects do not fill memory.
const BATCH: usize = 16;

/// The most references to blobs that all segments of one large object may have, for the same reason.
const MAX_REFERENCES: usize = 40_000;

/// How many segments are opened before other tasks get their turn: about a millisecond of work.
const TURN: usize = 32;

/// The path of a segment in the account of its manifest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SegmentPath {
    pub container: BucketName,
    /// The object's name in the container.
    pub key: ObjectKey,
}

impl fmt::Display for SegmentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.container, self.key)
    }
}

/// An existing segment, verified and opened.
pub struct Segment {
    pub bucket: Arc<BucketRecord>,
    pub record: VersionRecord,
    pub version: Arc<OpenedVersion>,
    pub digests: Digests,
}

impl Segment {
    /// The segment's ETag on Swift, or its ETag on S3 if Swift has none.
    pub fn etag(&self) -> String {
        let known = self.digests.etag.clone().or_else(|| self.digests.md5.map(hex::encode));
        known.unwrap_or_else(|| self.record.etag.clone())
    }

    /// The record by which a commit checks that the segment is unchanged.
    pub fn unchanged(&self) -> Unchanged {
        Unchanged {
            bucket: self.bucket.id,
            key: self.record.key.clone(),
            version_id: self.record.version_id,
            uid: self.record.uid,
        }
    }
}

/// Why a segment cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The segment does not exist.
    Missing,
    /// The caller is not allowed this action on the segment.
    Denied(Action),
    /// The segment is sealed under a customer's key, and the caller gave none.
    KeyRequired,
    /// The segment is sealed under another customer's key.
    WrongKey,
    /// The segment is sealed by a key management service, and none is configured.
    Kms,
}

impl Trouble {
    /// The problem in words, for error messages.
    pub const fn problem(self) -> &'static str {
        match self {
            Self::Missing => "it does not exist",
            Self::Denied(_) => "access denied",
            Self::KeyRequired => "it is sealed under a customer's key, but the manifest is not",
            Self::WrongKey => "it is sealed under another key",
            Self::Kms => "it is sealed by a key management service",
        }
    }
}

/// Finds and opens segments. If a segment is named several times, it is opened once.
pub struct Segments<'a> {
    gateway: &'a Gateway,
    permit: &'a Permit<'a>,
    account: AccountId,
    /// The actions that the caller must be allowed on each segment.
    actions: &'static [Action],
    /// The key for segments that are sealed under a customer's key.
    key: Option<&'a CustomerKey>,
    buckets: HashMap<BucketName, Result<Arc<BucketRecord>, Trouble>>,
    known: HashMap<SegmentPath, Result<Arc<Segment>, Trouble>>,
    /// The opened segments, in the order in which they were found.
    opened: Vec<Arc<Segment>>,
    references: usize,
}

impl<'a> Segments<'a> {
    /// Prepares to find segments of manifests of `account`, for the caller of this operation.
    pub fn new(
        gateway: &'a Gateway,
        permit: &'a Permit<'a>,
        account: AccountId,
        actions: &'static [Action],
        key: Option<&'a CustomerKey>,
    ) -> Self {
        Self {
            gateway,
            permit,
            account,
            actions,
            key,
            buckets: HashMap::new(),
            known: HashMap::new(),
            opened: Vec::new(),
            references: 0,
        }
    }

    /// All segments that were opened so far.
    pub fn into_opened(self) -> Vec<Arc<Segment>> {
        self.opened
    }

    /// The segments under these paths, in their order.
    pub async fn find(&mut self, paths: &[SegmentPath]) -> Result<Vec<Result<Arc<Segment>, Trouble>>, Error> {
        let mut wanted: Vec<&SegmentPath> = Vec::new();
        for path in paths {
            if !self.known.contains_key(path) {
                // The segment counts as missing until it is found.
                self.known.insert(path.clone(), Err(Trouble::Missing));
                wanted.push(path);
            }
        }
        for batch in wanted.chunks(BATCH) {
            let gone = self.load(batch).await?;
            // If a container was deleted and created again since it was cached, it is looked up again.
            if !gone.is_empty() {
                self.load(&gone).await?;
            }
        }
        let find = |path| self.known.get(path).cloned().unwrap_or(Err(Trouble::Missing));
        Ok(paths.iter().map(find).collect())
    }

    /// Finds a batch of segments. Returns the paths whose cached container no longer exists.
    async fn load<'p>(&mut self, paths: &[&'p SegmentPath]) -> Result<Vec<&'p SegmentPath>, Error> {
        let (mut asked, mut keys) = (Vec::with_capacity(paths.len()), Vec::with_capacity(paths.len()));
        for &path in paths {
            match self.bucket(&path.container).await? {
                Ok(bucket) => {
                    keys.push((bucket.id, path.key.clone()));
                    asked.push((path, bucket));
                }
                Err(trouble) => {
                    self.known.insert(path.clone(), Err(trouble));
                }
            }
        }
        let found = self.gateway.index.find_many(keys).await?;
        let mut gone = Vec::new();
        for (turn, ((path, bucket), found)) in asked.into_iter().zip(found).enumerate() {
            if turn % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let record = match found {
                Ok(record) if record.metadata.system.is_expired(Timestamp::now()) => continue,
                Ok(record) => record,
                Err(storage::Error::NoSuchObject { .. }) => continue,
                Err(storage::Error::NoSuchBucket) => {
                    let name = path.container.clone();
                    self.gateway.buckets.forget(&BucketAddress::Owned(self.account.clone(), name));
                    self.buckets.remove(&path.container);
                    gone.push(path);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.references += record.parts.len();
            if self.references > MAX_REFERENCES {
                let problem = "the segments have too many parts";
                return Err(Error::SegmentConflict { path: path.to_string(), problem });
            }
            let opened = self.open(bucket, record)?.map(Arc::new);
            if let Ok(segment) = &opened {
                self.opened.push(segment.clone());
            }
            self.known.insert(path.clone(), opened);
        }
        Ok(gone)
    }

    /// Verifies a segment and opens it with the key it was sealed under.
    fn open(
        &self,
        bucket: Arc<BucketRecord>,
        record: VersionRecord,
    ) -> Result<Result<Segment, Trouble>, Error> {
        let ring = &self.gateway.ring;
        let holder = match (record.mode, self.key) {
            (EncryptionMode::Managed, _) => Holder::Ring,
            (EncryptionMode::Customer, Some(key)) => Holder::Customer(key),
            (EncryptionMode::Customer, None) => return Ok(Err(Trouble::KeyRequired)),
            (EncryptionMode::Kms, _) => return Ok(Err(Trouble::Kms)),
        };
        let version = match VerifiedVersion::verify(ring, &bucket, &record)?.open(ring, holder) {
            Err(Error::WrongKey) => return Ok(Err(Trouble::WrongKey)),
            opened => Arc::new(opened?),
        };
        let digests = match record.mode {
            EncryptionMode::Customer => version.digests(&record.digests)?,
            EncryptionMode::Managed | EncryptionMode::Kms => read_digests(&record.digests)?,
        };
        Ok(Ok(Segment { bucket, record, version, digests }))
    }

    /// A container. The caller is authorised once for all actions on the container's segments.
    pub async fn bucket(&mut self, name: &BucketName) -> Result<Result<Arc<BucketRecord>, Trouble>, Error> {
        if let Some(known) = self.buckets.get(name) {
            return Ok(known.clone());
        }
        let address = BucketAddress::Owned(self.account.clone(), name.clone());
        let mut found = Err(Trouble::Missing);
        for &action in self.actions {
            found = match self.permit.also(self.gateway, action, &address).await {
                Ok(bucket) => Ok(bucket),
                Err(Error::NoSuchBucket) => Err(Trouble::Missing),
                Err(Error::AccessDenied | Error::Unauthenticated) => Err(Trouble::Denied(action)),
                Err(error) => return Err(error),
            };
            if found.is_err() {
                break;
            }
        }
        self.buckets.insert(name.clone(), found.clone());
        Ok(found)
    }
}
