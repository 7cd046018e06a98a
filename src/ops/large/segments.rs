//! The segments of large objects: found many at a time, authorised, verified and opened.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::authz::Action;
use crate::encryption::{CustomerKey, Holder};
use crate::model::{AccountId, BucketName, EncryptionMode, ObjectKey, Timestamp};
use crate::ops::bytes::digests::Digests;
use crate::ops::bytes::sealing::{OpenedVersion, VerifiedVersion, read_digests};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Permit};
use crate::storage;
use crate::storage::index::{BucketAddress, BucketRecord, Unchanged, VersionRecord};

/// Segments that one read of the index asks for. Few enough that objects of thousands of parts each, which cost nothing to
/// make by copies, do not fill the memory at once.
const BATCH: usize = 16;

/// The most references to blobs that the segments of one large object have together, for the same reason.
const MAX_REFERENCES: usize = 40_000;

/// Segments that are opened before other tasks get their turn: about a millisecond's work.
const TURN: usize = 32;

/// Where a segment is, in the account of its manifest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SegmentPath {
    /// The container.
    pub container: BucketName,
    /// The name in it.
    pub key: ObjectKey,
}

impl fmt::Display for SegmentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/{}", self.container, self.key)
    }
}

/// A segment that stands now, verified and opened.
pub struct Segment {
    /// Its bucket.
    pub bucket: Arc<BucketRecord>,
    /// The version.
    pub record: VersionRecord,
    /// Its key.
    pub version: Arc<OpenedVersion>,
    /// Its digests.
    pub digests: Digests,
}

impl Segment {
    /// The ETag that Swift knows it by; S3's where Swift knows none.
    pub fn etag(&self) -> String {
        let known = self.digests.etag.clone().or_else(|| self.digests.md5.map(hex::encode));
        known.unwrap_or_else(|| self.record.etag.clone())
    }

    /// What tells whether it is still the same.
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
    /// It is not there.
    Missing,
    /// The caller may not do this to it.
    Denied(Action),
    /// It is sealed under a customer's key, and none was given.
    KeyRequired,
    /// It is sealed under another key.
    WrongKey,
    /// It is sealed by a key management service, of which there is none.
    Kms,
}

impl Trouble {
    /// In words.
    pub const fn problem(self) -> &'static str {
        match self {
            Self::Missing => "it is not there",
            Self::Denied(_) => "access denied",
            Self::KeyRequired => "it is sealed under a customer's key, and the manifest is not",
            Self::WrongKey => "it is sealed under another key",
            Self::Kms => "it is sealed by a key management service",
        }
    }
}

/// Finds and opens segments, each once however often it is named.
pub struct Segments<'a> {
    gateway: &'a Gateway,
    permit: &'a Permit<'a>,
    account: AccountId,
    /// What the caller must be allowed to do to each segment.
    actions: &'static [Action],
    /// What opens those that are sealed under a customer's key.
    key: Option<&'a CustomerKey>,
    buckets: HashMap<BucketName, Result<Arc<BucketRecord>, Trouble>>,
    known: HashMap<SegmentPath, Result<Arc<Segment>, Trouble>>,
    /// Those that were opened, in the order they were found.
    opened: Vec<Arc<Segment>>,
    references: usize,
}

impl<'a> Segments<'a> {
    /// Of manifests of this account, for the caller of this operation.
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

    /// All that were opened so far.
    pub fn into_opened(self) -> Vec<Arc<Segment>> {
        self.opened
    }

    /// The segments under these paths, in their order.
    pub async fn find(&mut self, paths: &[SegmentPath]) -> Result<Vec<Result<Arc<Segment>, Trouble>>, Error> {
        let mut wanted: Vec<&SegmentPath> = Vec::new();
        for path in paths {
            if !self.known.contains_key(path) {
                // In doubt it is missing: what is found takes the place.
                self.known.insert(path.clone(), Err(Trouble::Missing));
                wanted.push(path);
            }
        }
        for batch in wanted.chunks(BATCH) {
            let gone = self.load(batch).await?;
            // A container that was made anew since its record was kept is asked for again.
            if !gone.is_empty() {
                self.load(&gone).await?;
            }
        }
        let find = |path| self.known.get(path).cloned().unwrap_or(Err(Trouble::Missing));
        Ok(paths.iter().map(find).collect())
    }

    /// Finds a batch. Gives the paths whose containers are no longer those that were kept.
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
                let problem = "the segments are made of too many parts";
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

    /// A container, authorised once for all that is to be done to its segments.
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
