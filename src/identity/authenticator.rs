//! The authenticator, by which the fronts find out who asks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::access_key::AccessKeys;
use super::directory::Directory;
use super::password::Passwords;
use super::signing_keys::SigningKeys;
use super::tokens::Tokens;
use super::{AuthError, Clock, SystemClock};

/// Passwords are checked on at most so many cores by default, which takes 76 MiB.
const MAX_WORKERS: usize = 4;

/// The settings of identity.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// How long a token lives. 24 hours, as `TempAuth`'s.
    pub token_lifetime: Duration,
    /// How old a cached answer may be: revocations and changes of roles are seen within this time.
    pub refresh: Duration,
    /// The age at which the signing key is replaced. Tokens of older keys stay good.
    pub key_rotation: Duration,
    /// How many passwords are checked at the same time, each with 19 MiB.
    pub password_workers: usize,
    /// The tokens' issuer: replicas of one installation must agree on it.
    pub issuer: String,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_hours(24),
            refresh: Duration::from_secs(5),
            key_rotation: Duration::from_hours(30 * 24),
            password_workers: std::thread::available_parallelism()
                .map_or(2, |cores| cores.get().min(MAX_WORKERS)),
            issuer: "cardea".to_owned(),
        }
    }
}

/// Finds out who asks: by access key, by password, by token. One per process; cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Parts>);

struct Parts {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    config: AuthConfig,
    access_keys: AccessKeys,
    passwords: Passwords,
    signing_keys: SigningKeys,
    tokens: Tokens,
}

impl Authenticator {
    /// An authenticator over a directory.
    pub fn new(directory: Arc<dyn Directory>, config: AuthConfig) -> Result<Self, AuthError> {
        Self::with_clock(directory, config, Arc::new(SystemClock::default()))
    }

    /// An authenticator with another clock.
    pub fn with_clock(
        directory: Arc<dyn Directory>,
        config: AuthConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthError> {
        let access_keys = AccessKeys::new(config.refresh);
        let passwords = Passwords::new(config.password_workers.max(1))?;
        let signing_keys = SigningKeys::new(config.key_rotation);
        let tokens = Tokens::new(config.refresh, config.token_lifetime);
        Ok(Self(Arc::new(Parts { directory, clock, config, access_keys, passwords, signing_keys, tokens })))
    }

    /// How long a token lives.
    pub fn token_lifetime(&self) -> Duration {
        self.0.config.token_lifetime
    }

    pub(super) fn directory(&self) -> &dyn Directory {
        &*self.0.directory
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(super) fn config(&self) -> &AuthConfig {
        &self.0.config
    }

    pub(super) fn access_keys(&self) -> &AccessKeys {
        &self.0.access_keys
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(super) fn signing_keys(&self) -> &SigningKeys {
        &self.0.signing_keys
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("config", &self.0.config).finish_non_exhaustive()
    }
}
