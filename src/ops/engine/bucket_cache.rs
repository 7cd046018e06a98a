//! A short-lived cache of buckets, so that a request costs one read of the index instead of two.
//!
//! A change by this process removes the bucket from the cache at once. A change by another replica is seen
//! within [`LIFETIME`]. So over a shared index only reads use the cache. If a cached bucket no longer exists,
//! the read looks it up again, because the name may belong to a new bucket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cache::{Cache, Ticket};
use crate::model::BucketId;
use crate::storage::index::{BucketAddress, BucketRecord};

/// How long a record is used.
pub const LIFETIME: Duration = Duration::from_secs(2);

/// The cache has at most twice this many records: a scan over many names must not fill memory.
const CAPACITY: usize = 2048;

/// Buckets by the address that requests use.
pub struct BucketCache {
    began: Instant,
    records: Cache<BucketKey, Arc<BucketRecord>>,
}

#[derive(PartialEq, Eq, Hash)]
enum BucketKey {
    S3(String),
    Owned(String, String),
    Id(BucketId),
}

impl Default for BucketCache {
    fn default() -> Self {
        Self { began: Instant::now(), records: Cache::new(CAPACITY, LIFETIME) }
    }
}

impl BucketCache {
    /// A bucket that was looked up less than [`LIFETIME`] ago.
    pub fn get(&self, address: &BucketAddress) -> Option<Arc<BucketRecord>> {
        self.records.get(&key(address), self.began.elapsed())
    }

    /// Marks the beginning of a look-up.
    pub(crate) fn ticket(&self) -> Ticket {
        self.records.ticket()
    }

    /// Stores the result of a look-up, unless the cache has forgotten something since the look-up began.
    pub(crate) fn insert(&self, ticket: Ticket, address: &BucketAddress, bucket: Arc<BucketRecord>) {
        self.records.insert_with(ticket, key(address), bucket, self.began.elapsed());
    }

    /// Forgets a bucket under all its addresses.
    pub fn forget_bucket(&self, id: BucketId) {
        self.records.forget_where(|bucket| bucket.id == id);
    }

    /// Returns a guard that forgets the bucket when it is dropped.
    pub fn forgetting(&self, id: BucketId) -> Forgetting<'_> {
        Forgetting { cache: self, id }
    }

    /// Forgets the bucket that is cached under this address.
    pub fn forget(&self, address: &BucketAddress) {
        self.records.forget(&key(address));
    }
}

/// The guard that [`BucketCache::forgetting`] returns.
pub struct Forgetting<'c> {
    cache: &'c BucketCache,
    id: BucketId,
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        self.cache.forget_bucket(self.id);
    }
}

fn key(address: &BucketAddress) -> BucketKey {
    match address {
        BucketAddress::S3(name) => BucketKey::S3(name.as_str().into()),
        BucketAddress::Owned(account, name) => {
            BucketKey::Owned(account.as_str().into(), name.as_str().into())
        }
        BucketAddress::Id(id) => BucketKey::Id(*id),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{AccountId, BucketName, Timestamp};
    use crate::storage::index::Versioning;

    fn bucket() -> Arc<BucketRecord> {
        Arc::new(BucketRecord {
            id: BucketId([1; 16]),
            account: AccountId::new("a"),
            name: BucketName::new("photos").unwrap(),
            registered: true,
            created: Timestamp::from_seconds(1),
            modified: Timestamp::from_seconds(1),
            versioning: Versioning::Off,
            metadata: BTreeMap::new(),
            settings_generation: 0,
        })
    }

    #[test]
    fn a_lookup_overtaken_by_a_change_is_not_remembered() {
        let cache = BucketCache::default();
        let address = BucketAddress::S3(BucketName::new("photos").unwrap());
        let ticket = cache.ticket();
        cache.insert(ticket, &address, bucket());
        assert!(cache.get(&address).is_some());
        let ticket = cache.ticket();
        cache.forget_bucket(BucketId([1; 16]));
        cache.insert(ticket, &address, bucket());
        assert!(cache.get(&address).is_none());
    }
}
