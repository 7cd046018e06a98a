//! Passwords: Argon2id, on blocking threads, with a limit on checks at the same time.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::{AuthError, Clock, Secret};
use crate::cache::Cache;

/// The longest password that is checked. Stops clients from having megabytes hashed.
const MAX_PASSWORD: usize = 4096;
/// How many checks may wait for a worker. Further logins are refused for now, so that a flood cannot pile up
/// requests.
const MAX_WAITING: usize = 256;
/// Successful checks that are remembered.
const VERIFIED_CAPACITY: usize = 1024;
/// How long a successful check is remembered. The `swift` client logs in once per thread, all at the same
/// time.
const VERIFIED_LIFETIME: Duration = Duration::from_mins(1);
/// The hash for unknown users. Comparing with it costs as much as with a real one, and no password matches
/// it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhvbWUh$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password could not be hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasswordError {
    /// Empty, or longer than allowed.
    #[error("a password has 1 to {MAX_PASSWORD} bytes")]
    Length,
    /// Argon2 or the machine's randomness failed.
    #[error("the password could not be hashed: {0}")]
    Failed(#[source] argon2::password_hash::Error),
}

/// Hashes a password with Argon2id, in PHC form. It takes tens of milliseconds and 19 MiB: not on an async
/// thread.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    hash_with(Params::DEFAULT, password)
}

/// Whether a password is the one of a hash in PHC form. As slow as [`hash_password`].
pub fn verify_password(hash: &str, password: &str) -> bool {
    if password.is_empty() || password.len() > MAX_PASSWORD {
        return false;
    }
    PasswordHash::new(hash)
        .is_ok_and(|hash| argon2(Params::DEFAULT).verify_password(password.as_bytes(), &hash).is_ok())
}

fn hash_with(params: Params, password: &str) -> Result<String, PasswordError> {
    if password.is_empty() || password.len() > MAX_PASSWORD {
        return Err(PasswordError::Length);
    }
    let hash = argon2(params).hash_password(password.as_bytes()).map_err(PasswordError::Failed)?;
    Ok(hash.to_string())
}

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Checks passwords: at most so many at once, each with 19 MiB.
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    verified: Cache<[u8; 32], ()>,
    /// Random per process. Without it, the contents of `verified` reveal nothing.
    key: Zeroizing<[u8; 32]>,
    nobody: &'static str,
}

impl Passwords {
    /// Checks with so many workers.
    pub(super) fn new(workers: usize) -> Result<Self, AuthError> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice()).map_err(|error| AuthError::internal("no randomness", error))?;
        Ok(Self {
            places: Arc::new(Semaphore::new(workers + MAX_WAITING)),
            workers: Arc::new(Semaphore::new(workers)),
            verified: Cache::new(VERIFIED_CAPACITY, VERIFIED_LIFETIME),
            key,
            nobody: NOBODY,
        })
    }

    /// Whether this is the password of the hash. Without a hash the answer is no, after the same time.
    pub(super) async fn verify(
        &self,
        hash: Option<&str>,
        password: &Secret,
        clock: &dyn Clock,
    ) -> Result<bool, AuthError> {
        let memory = hash.map(|hash| self.fingerprint(hash, password));
        if self.remembers(memory.as_ref(), clock) {
            return Ok(true);
        }
        let place = self.places.clone().try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(|_| AuthError::Busy)?;
        // Another login of the same user may have done the check while this one waited.
        if self.remembers(memory.as_ref(), clock) {
            return Ok(true);
        }
        let now = clock.elapsed();
        let matches =
            compare(hash.unwrap_or(self.nobody).to_owned(), password.clone(), (place, worker)).await?;
        match memory {
            Some(memory) if matches => {
                self.verified.insert(memory, (), now);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn remembers(&self, memory: Option<&[u8; 32]>, clock: &dyn Clock) -> bool {
        memory.is_some_and(|memory| self.verified.get(memory, clock.elapsed()).is_some())
    }

    /// Identifies a password together with its hash, so that a changed password is forgotten at once.
    fn fingerprint(&self, hash: &str, password: &Secret) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(&(hash.len() as u64).to_be_bytes());
        mac.update(hash.as_bytes());
        mac.update(password.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Compares on a blocking thread, which holds its permits to the end. So a client that goes away does not
/// free the memory early.
async fn compare(
    hash: String,
    password: Secret,
    permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
) -> Result<bool, AuthError> {
    let work = tokio::task::spawn_blocking(move || {
        let matches = verify_password(&hash, password.expose());
        drop(permits);
        matches
    });
    work.await.map_err(|error| AuthError::internal("a password check was interrupted", error))
}

/// For tests: a hash that is made and checked in no time.
#[cfg(test)]
pub(super) fn cheap_hash(password: &str) -> String {
    hash_with(Params::new(8, 1, 1, None).unwrap(), password).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::memory::ManualClock;

    #[test]
    fn hashes_verify_and_are_salted() {
        let (one, two) = (cheap_hash("secret"), cheap_hash("secret"));
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert_ne!(one, two);
        assert!(verify_password(&one, "secret") && verify_password(&two, "secret"));
        assert!(!verify_password(&one, "Secret") && !verify_password("not a hash", "secret"));
        assert_eq!(hash_password(""), Err(PasswordError::Length));
        assert_eq!(hash_password(&"x".repeat(MAX_PASSWORD + 1)), Err(PasswordError::Length));
    }

    #[test]
    fn an_unknown_user_costs_what_a_known_one_costs() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let nobody = Params::try_from(&nobody).unwrap();
        assert_eq!((nobody.m_cost(), nobody.t_cost(), nobody.p_cost()), {
            let default = Params::DEFAULT;
            (default.m_cost(), default.t_cost(), default.p_cost())
        });
        assert_eq!(nobody.output_len(), Some(Params::DEFAULT_OUTPUT_LEN));
    }

    #[tokio::test]
    async fn a_user_without_a_password_cannot_log_in() {
        let mut passwords = Passwords::new(1).unwrap();
        passwords.nobody = Box::leak(cheap_hash("open sesame").into_boxed_str());
        let clock = ManualClock::new();
        for _ in 0..2 {
            assert!(!passwords.verify(None, &Secret::new("open sesame"), &*clock).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_success_is_remembered_for_a_minute_and_for_this_hash_alone() {
        let passwords = Passwords::new(1).unwrap();
        let (clock, hash, password) = (ManualClock::new(), cheap_hash("secret"), Secret::new("secret"));
        assert!(passwords.verify(Some(&hash), &password, &*clock).await.unwrap());
        // No check is possible any more, but a remembered success needs none.
        passwords.workers.close();
        assert!(passwords.verify(Some(&hash), &password, &*clock).await.unwrap());
        for (hash, password) in [(&hash, "wrong"), (&cheap_hash("secret"), "secret")] {
            let checked = passwords.verify(Some(hash), &Secret::new(password), &*clock).await;
            assert!(matches!(checked, Err(AuthError::Busy)));
        }
        clock.advance(VERIFIED_LIFETIME);
        assert!(matches!(passwords.verify(Some(&hash), &password, &*clock).await, Err(AuthError::Busy)));
    }

    #[tokio::test]
    async fn too_many_at_once_are_turned_away() {
        let passwords = Passwords::new(1).unwrap();
        let taken = passwords.places.clone().acquire_many_owned(257).await.unwrap();
        let (clock, hash, password) = (ManualClock::new(), cheap_hash("secret"), Secret::new("secret"));
        let busy = passwords.verify(Some(&hash), &password, &*clock).await;
        assert!(matches!(busy, Err(AuthError::Busy)));
        drop(taken);
        assert!(passwords.verify(Some(&hash), &password, &*clock).await.unwrap());
    }
}
