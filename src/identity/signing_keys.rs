//! The keys that sign tokens: shared by all replicas, rotated without logging anyone out.
//!
//! Every key of the directory verifies; the newest one signs. If a token names an unknown key, the process
//! reads the directory again. So a token of a replica that has just rotated is understood at once. No process
//! signs with a key in its first seconds, so that no replica meets the key before it may read again.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use super::directory::{Directory, SigningKeyEntry};
use super::{AuthError, Clock};
use crate::model::Timestamp;

/// How often the directory may be read because of unknown keys: tokens are easy to invent.
const MIN_RELOAD: Duration = Duration::from_secs(1);
/// The same while no key is older than [`ACTIVATION`], so that processes that started at once learn each
/// other's keys.
const FIRST_RELOAD: Duration = Duration::from_millis(50);
/// How old the known keys may be for signing, so that a rotation by another replica is seen.
const MAX_AGE: Duration = Duration::from_mins(1);
/// A key younger than this does not sign while there is an older one.
const ACTIVATION: Duration = Duration::from_secs(10);
/// The longest key id that is looked up.
const MAX_ID: usize = 64;

/// A key that signs and verifies tokens.
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) signs: EncodingKey,
    pub(super) verifies: DecodingKey,
    created: Timestamp,
}

/// The keys as this process knows them.
pub(super) struct SigningKeys {
    rotation: Duration,
    known: RwLock<Known>,
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<[Arc<SigningKey>]>,
    /// When they were read; `None` before the first time.
    loaded: Option<Duration>,
}

impl SigningKeys {
    pub(super) fn new(rotation: Duration) -> Self {
        Self { rotation, known: RwLock::default(), loading: tokio::sync::Mutex::default() }
    }

    /// The key that signs now. The first one is made on first need.
    pub(super) async fn signer(
        &self,
        directory: &dyn Directory,
        clock: &dyn Clock,
    ) -> Result<Arc<SigningKey>, AuthError> {
        let mut known = self.reload_after(MAX_AGE, directory, clock).await?;
        if self.wants_another(&known, clock) {
            known = self.rotate(directory, clock).await?;
        }
        known
            .active(clock)
            .or_else(|| known.keys.first().cloned())
            .ok_or_else(|| AuthError::defect("no key to sign tokens with"))
    }

    /// The key of this id.
    pub(super) async fn verifier(
        &self,
        id: &str,
        directory: &dyn Directory,
        clock: &dyn Clock,
    ) -> Result<Option<Arc<SigningKey>>, AuthError> {
        if id.len() > MAX_ID {
            return Ok(None);
        }
        let known = self.known();
        if let Some(key) = known.find(id) {
            return Ok(Some(key));
        }
        // While all keys are young, another process may already sign with a key that is a moment old.
        let is_first = !known.keys.is_empty() && known.active(clock).is_none();
        let age = if is_first { FIRST_RELOAD } else { MIN_RELOAD };
        Ok(self.reload_after(age, directory, clock).await?.find(id))
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wants_another(&self, known: &Known, clock: &dyn Clock) -> bool {
        known.keys.last().is_none_or(|newest| newest.created.plus(self.rotation) <= clock.now())
    }

    /// The keys, read again if what is known is older than this.
    async fn reload_after(
        &self,
        age: Duration,
        directory: &dyn Directory,
        clock: &dyn Clock,
    ) -> Result<Known, AuthError> {
        let known = self.known();
        if known.is_younger_than(age, clock) {
            return Ok(known);
        }
        let _one_at_a_time = self.loading.lock().await;
        let known = self.known();
        if known.is_younger_than(age, clock) {
            return Ok(known);
        }
        self.load(directory, clock).await
    }

    /// Makes a new key, unless another process has just made one.
    async fn rotate(&self, directory: &dyn Directory, clock: &dyn Clock) -> Result<Known, AuthError> {
        let _one_at_a_time = self.loading.lock().await;
        let known = self.known();
        if !self.wants_another(&known, clock) {
            return Ok(known);
        }
        directory.add_signing_key(generate(clock.now())?).await?;
        self.load(directory, clock).await
    }

    async fn load(&self, directory: &dyn Directory, clock: &dyn Clock) -> Result<Known, AuthError> {
        let loaded = Some(clock.elapsed());
        let mut keys = Vec::new();
        for entry in directory.signing_keys().await? {
            if let Some(key) = SigningKey::open(&entry) {
                keys.push(Arc::new(key));
            } else {
                tracing::error!(
                    key = entry.id,
                    "a token signing key is not a P-256 key; its tokens are refused"
                );
            }
        }
        keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        let known = Known { keys: keys.into(), loaded };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.clone();
        Ok(known)
    }
}

impl Known {
    fn find(&self, id: &str) -> Option<Arc<SigningKey>> {
        self.keys.iter().find(|key| key.id == id).cloned()
    }

    /// The newest key that is old enough for every process to know it.
    fn active(&self, clock: &dyn Clock) -> Option<Arc<SigningKey>> {
        let active = |key: &&Arc<SigningKey>| key.created.plus(ACTIVATION) <= clock.now();
        self.keys.iter().rev().find(active).cloned()
    }

    fn is_younger_than(&self, age: Duration, clock: &dyn Clock) -> bool {
        self.loaded.is_some_and(|loaded| clock.elapsed().saturating_sub(loaded) < age)
    }
}

impl SigningKey {
    /// The public half is derived from the private one, which was sealed. So a public key that an attacker
    /// puts into the directory verifies nothing.
    fn open(entry: &SigningKeyEntry) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &entry.pkcs8).ok()?;
        Some(Self {
            id: entry.id.clone(),
            signs: EncodingKey::from_ec_der(&entry.pkcs8),
            verifies: DecodingKey::from_ec_der(pair.public_key().as_ref()),
            created: entry.created,
        })
    }
}

/// A fresh P-256 key.
fn generate(now: Timestamp) -> Result<SigningKeyEntry, AuthError> {
    let failed = |error: Unspecified| AuthError::internal("no key to sign tokens with could be made", error);
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|error| AuthError::internal("no randomness", error))?;
    Ok(SigningKeyEntry {
        id: hex::encode(id),
        pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()),
        public_key: pair.public_key().as_ref().to_vec(),
        created: now,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::identity::memory::{ManualClock, MemoryDirectory};

    const DAY: Duration = Duration::from_hours(24);

    #[tokio::test]
    async fn the_first_key_is_made_on_first_need_and_shared() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let (one, two) = (SigningKeys::new(30 * DAY), SigningKeys::new(30 * DAY));
        let made = one.signer(&directory, &*clock).await.unwrap();
        let read = two.signer(&directory, &*clock).await.unwrap();
        assert_eq!(made.id, read.id);
        assert_eq!(directory.signing_keys.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_new_key_signs_after_a_while_and_the_old_one_verifies_for_ever() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let (one, two) = (SigningKeys::new(30 * DAY), SigningKeys::new(30 * DAY));
        let old = one.signer(&directory, &*clock).await.unwrap();
        two.signer(&directory, &*clock).await.unwrap();
        clock.advance(30 * DAY);
        assert_eq!(one.signer(&directory, &*clock).await.unwrap().id, old.id, "the new key is too young");
        clock.advance(ACTIVATION);
        let new = one.signer(&directory, &*clock).await.unwrap();
        assert_ne!(new.id, old.id);
        for id in [&old.id, &new.id] {
            assert!(two.verifier(id, &directory, &*clock).await.unwrap().is_some());
        }
        assert_eq!(directory.signing_keys.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn invented_keys_cost_one_read_a_second() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let keys = SigningKeys::new(30 * DAY);
        keys.signer(&directory, &*clock).await.unwrap();
        clock.advance(ACTIVATION);
        let before = directory.reads.load(Ordering::Relaxed);
        for _ in 0..3 {
            clock.advance(MIN_RELOAD);
            for id in 0..100 {
                assert!(keys.verifier(&format!("{id}"), &directory, &*clock).await.unwrap().is_none());
            }
        }
        assert_eq!(directory.reads.load(Ordering::Relaxed) - before, 3);
    }

    #[tokio::test]
    async fn the_first_keys_of_two_that_begin_at_once_are_good_everywhere() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let (one, two) = (SigningKeys::new(30 * DAY), SigningKeys::new(30 * DAY));
        two.signer(&directory, &*clock).await.unwrap();
        // The key that the other process made, without having seen this one.
        let unseen = generate(clock.now()).unwrap();
        directory.add_signing_key(unseen.clone()).await.unwrap();
        one.load(&directory, &*clock).await.unwrap();
        clock.advance(FIRST_RELOAD);
        assert!(two.verifier(&unseen.id, &directory, &*clock).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_key_of_another_curve_is_ignored() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let entry =
            SigningKeyEntry { pkcs8: Zeroizing::new(vec![1, 2, 3]), ..generate(clock.now()).unwrap() };
        directory.add_signing_key(entry.clone()).await.unwrap();
        let keys = SigningKeys::new(30 * DAY);
        assert_ne!(keys.signer(&directory, &*clock).await.unwrap().id, entry.id);
        assert!(keys.verifier(&entry.id, &directory, &*clock).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_public_key_that_was_slipped_in_is_not_used() {
        let (directory, clock) = (MemoryDirectory::default(), ManualClock::new());
        let mut entry = generate(clock.now()).unwrap();
        let honest = entry.public_key.clone();
        entry.public_key = generate(clock.now()).unwrap().public_key;
        directory.add_signing_key(entry).await.unwrap();
        let key = SigningKeys::new(30 * DAY).signer(&directory, &*clock).await.unwrap();
        assert_eq!(key.verifies.try_get_as_bytes().unwrap(), honest);
    }
}
