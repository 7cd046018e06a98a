//! A short memory of buckets, so that a request costs one read of the index and not two.
//!
//! What this process changes it forgets at once; what another replica changes is seen within [`LIFETIME`]. Reads alone
//! believe it, and where the bucket is gone they look again: another may have its name by now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::BucketId;
use crate::storage::index::{BucketAddress, BucketRecord};

/// How long an entry is believed.
pub const LIFETIME: Duration = Duration::from_secs(2);

/// At most so many entries: a scan over many names must not fill memory.
const CAPACITY: usize = 4096;

/// The cache.
#[derive(Default)]
pub struct BucketCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Moves whenever something is forgotten: a lookup that began before must not bring back what it read.
    generation: u64,
    entries: HashMap<BucketKey, (Instant, Arc<BucketRecord>)>,
}

#[derive(PartialEq, Eq, Hash)]
enum BucketKey {
    S3(String),
    Owned(String, String),
    Id(BucketId),
}

/// Taken before a lookup, shown after it.
#[derive(Clone, Copy)]
pub struct Ticket(u64);

impl BucketCache {
    /// A bucket that was looked up lately.
    pub fn get(&self, address: &BucketAddress) -> Option<Arc<BucketRecord>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, bucket) = state.entries.get(&key(address))?;
        (since.elapsed() < LIFETIME).then(|| bucket.clone())
    }

    /// Begins a lookup.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.state.lock().unwrap_or_else(PoisonError::into_inner).generation)
    }

    /// Remembers what a lookup found, unless something was forgotten since it began.
    pub fn insert(&self, ticket: Ticket, address: &BucketAddress, bucket: Arc<BucketRecord>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation != ticket.0 {
            return;
        }
        if state.entries.len() >= CAPACITY {
            state.entries.clear();
        }
        state.entries.insert(key(address), (Instant::now(), bucket));
    }

    /// Forgets a bucket under every name.
    pub fn forget_bucket(&self, id: BucketId) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.entries.retain(|_, (_, bucket)| bucket.id != id);
    }

    /// Forgets a bucket when what this gives is dropped.
    pub fn forgetting(&self, id: BucketId) -> Forgetting<'_> {
        Forgetting { cache: self, id }
    }

    /// Forgets an address.
    pub fn forget(&self, address: &BucketAddress) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.entries.remove(&key(address));
    }
}

/// See [`BucketCache::forgetting`].
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
