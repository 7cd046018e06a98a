//! S3 access keys, which signatures are checked with.

use std::sync::Arc;
use std::time::Duration;

use super::scope::identity_in;
use super::{AuthError, Authenticator, DirectoryError, Identity, Secret};
use crate::cache::Cache;

/// Access keys that are kept in memory. They bound what a process remembers, not how many keys there may be.
const FOUND_CAPACITY: usize = 4096;
/// Unknown access keys that are remembered: a flood of guesses costs the directory one look-up per guess and
/// second.
const MISSED_CAPACITY: usize = 1024;
/// How long an unknown access key stays unknown: a new key works within this time on every replica.
const MISSED_LIFETIME: Duration = Duration::from_secs(1);
/// The longest access key that is looked up. Stops look-ups that are made to be expensive.
const MAX_ACCESS_KEY: usize = 128;

/// An access key that may sign.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// The secret that signs.
    pub secret: Secret,
    /// The identity that signs with it. Before a signature verifies, it is only a claim.
    pub identity: Identity,
}

/// Access keys, remembered for a while.
pub(super) struct AccessKeys {
    found: Cache<String, Arc<AccessKey>>,
    missed: Cache<String, ()>,
}

impl AccessKeys {
    pub(super) fn new(lifetime: Duration) -> Self {
        let missed = Cache::new(MISSED_CAPACITY, MISSED_LIFETIME.min(lifetime));
        Self { found: Cache::new(FOUND_CAPACITY, lifetime), missed }
    }
}

impl Authenticator {
    /// Finds an access key that may sign: `None` when it is unknown or disabled, or when its user is disabled
    /// or has no role in its account any more. Changes are seen within [`super::AuthConfig::refresh`].
    pub async fn access_key(&self, access: &str) -> Result<Option<Arc<AccessKey>>, AuthError> {
        let now = self.clock().elapsed();
        let cached = self.access_keys();
        if let Some(key) = cached.found.get(access, now) {
            return Ok(Some(key));
        }
        if access.len() > MAX_ACCESS_KEY || cached.missed.get(access, now).is_some() {
            return Ok(None);
        }
        let Some(key) = self.load_access_key(access).await? else {
            cached.missed.insert(access.to_owned(), (), now);
            return Ok(None);
        };
        let key = Arc::new(key);
        cached.found.insert(access.to_owned(), key.clone(), now);
        Ok(Some(key))
    }

    async fn load_access_key(&self, access: &str) -> Result<Option<AccessKey>, DirectoryError> {
        let directory = self.directory();
        let Some(key) = directory.access_key(access).await?.filter(|key| key.enabled) else {
            return Ok(None);
        };
        let Some(user) = directory.user(&key.user).await?.filter(|user| user.enabled) else {
            return Ok(None);
        };
        let identity = identity_in(directory, &user, &key.account).await?;
        Ok(identity.map(|identity| AccessKey { secret: key.secret, identity }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::identity::Role;
    use crate::identity::memory::{ManualClock, MemoryDirectory};

    #[tokio::test]
    async fn a_known_key_is_one_look_up() {
        let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
        let authenticator = directory.authenticator(&clock);
        let key = authenticator.access_key("AKALICE").await.unwrap().unwrap();
        assert_eq!(key.secret.expose(), "alices-secret");
        assert_eq!((key.identity.user_name.as_str(), key.identity.role), ("alice", Role::Owner));
        let reads = directory.reads.load(Ordering::Relaxed);
        clock.advance(Duration::from_millis(4999));
        assert!(authenticator.access_key("AKALICE").await.unwrap().is_some());
        assert_eq!(directory.reads.load(Ordering::Relaxed), reads);
    }

    #[tokio::test]
    async fn a_stopped_key_is_refused_within_five_seconds() {
        type Change = fn(&MemoryDirectory);
        let changes: [Change; 4] = [
            |directory| directory.change_user("alice", |user| user.enabled = false),
            |directory| directory.access_keys.lock().unwrap()[0].1.enabled = false,
            |directory| directory.access_keys.lock().unwrap().clear(),
            |directory| directory.grants.lock().unwrap().clear(),
        ];
        for change in changes {
            let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
            let authenticator = directory.authenticator(&clock);
            assert!(authenticator.access_key("AKALICE").await.unwrap().is_some());
            change(&directory);
            clock.advance(Duration::from_secs(5));
            assert!(authenticator.access_key("AKALICE").await.unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn an_unknown_key_is_remembered_for_a_second() {
        let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
        let authenticator = directory.authenticator(&clock);
        let known = directory.access_keys.lock().unwrap()[0].1.clone();
        assert!(authenticator.access_key("AKNEW").await.unwrap().is_none());
        directory.access_keys.lock().unwrap().push(("AKNEW".into(), known));
        assert!(authenticator.access_key("AKNEW").await.unwrap().is_none());
        clock.advance(Duration::from_secs(1));
        assert!(authenticator.access_key("AKNEW").await.unwrap().is_some());
        assert!(authenticator.access_key(&"A".repeat(129)).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn debug_shows_no_secret() {
        let directory = MemoryDirectory::with_people();
        let key = directory.authenticator(&ManualClock::new()).access_key("AKALICE").await.unwrap();
        assert!(!format!("{key:?}").contains("alices-secret"));
    }
}
