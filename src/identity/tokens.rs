//! Tokens: issued after a login, verified on every Swift request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::scope::identity_in;
use super::token::{self, Claims};
use super::{AuthError, Authenticator, Identity, Login, Rejection, Role, User};
use crate::cache::Cache;
use crate::model::{AccountId, Timestamp, UserId};

/// Verified tokens that are remembered. They bound what a process remembers, not how many tokens there may
/// be.
const VERIFIED_CAPACITY: usize = 8192;
/// Revoked tokens that are remembered, beside those that the directory knows.
const REVOKED_CAPACITY: usize = 8192;
/// Tokens that are handed out again by [`Authenticator::reuse_or_issue`].
const REUSED_CAPACITY: usize = 1024;
/// How far another replica's clock may be ahead of ours.
const SKEW: Duration = Duration::from_mins(1);

/// The facts of a verified token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenInfo {
    /// The token's own id.
    pub id: String,
    /// The user of the token.
    pub user: User,
    /// The user in the project that the token is for. `None` for a token without a project, which only the
    /// identity face accepts.
    pub identity: Option<Identity>,
    /// How the user logged in: Keystone's names of methods.
    pub methods: Vec<String>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    pub(super) epoch: i64,
}

/// A token and its facts.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token, for the client alone.
    pub token: String,
    /// The facts of the token.
    pub info: Arc<TokenInfo>,
}

/// The caches of tokens.
pub(super) struct Tokens {
    verified: Cache<[u8; 32], Arc<TokenInfo>>,
    revoked: Cache<String, ()>,
    reused: Cache<(UserId, AccountId), IssuedToken>,
}

impl Tokens {
    pub(super) fn new(refresh: Duration, lifetime: Duration) -> Self {
        Self {
            verified: Cache::new(VERIFIED_CAPACITY, refresh),
            revoked: Cache::new(REVOKED_CAPACITY, lifetime + SKEW),
            reused: Cache::new(REUSED_CAPACITY, lifetime),
        }
    }
}

impl Authenticator {
    /// Issues a token for a login.
    pub async fn issue(&self, login: &Login) -> Result<IssuedToken, AuthError> {
        let key = self.signing_keys().signer(self.directory(), self.clock()).await?;
        let (now, elapsed) = (self.clock().now(), self.clock().elapsed());
        let issued = now.seconds_floor();
        let mut expires = now.plus(self.token_lifetime()).seconds_floor();
        if let Some(until) = login.until {
            expires = expires.min(until.seconds_floor());
        }
        let claims = Claims {
            iss: self.config().issuer.clone(),
            aud: Claims::audience(),
            sub: login.user.id.to_string(),
            project: login.identity.as_ref().map(|identity| identity.account.to_string()),
            epoch: login.epoch,
            iat: issued,
            exp: expires,
            jti: random_id()?,
            methods: login.methods.clone(),
        };
        let token = token::sign(&claims, &key)?;
        let info = Arc::new(TokenInfo::new(claims, login.user.clone(), login.identity.clone()));
        self.tokens().verified.insert(digest(&token), info.clone(), elapsed);
        Ok(IssuedToken { token, info })
    }

    /// A token for a login. It is the last one that this process gave out for the same user and project,
    /// until that nears its end. `TempAuth` does so, and its clients log in often.
    pub async fn reuse_or_issue(&self, login: &Login) -> Result<IssuedToken, AuthError> {
        let Some(identity) = &login.identity else {
            return self.issue(login).await;
        };
        let key = (identity.user.clone(), identity.account.clone());
        let now = self.clock().elapsed();
        let reused = self.tokens().reused.get(&key, now).filter(|token| self.is_worth_reusing(token, login));
        if let Some(token) = reused
            && !self.directory().is_token_revoked(&token.info.id).await?
        {
            return Ok(token);
        }
        let token = self.issue(login).await?;
        self.tokens().reused.insert(key, token.clone(), now);
        Ok(token)
    }

    /// Verifies a token. The answer is remembered for [`super::AuthConfig::refresh`]. After that the user,
    /// its epoch, its roles and the revocation of the token are read again.
    pub async fn token(&self, token: &str) -> Result<Arc<TokenInfo>, AuthError> {
        let (now, key) = (self.clock().elapsed(), digest(token));
        let info = if let Some(info) = self.tokens().verified.get(&key, now) {
            info
        } else {
            let info = Arc::new(self.load_token(token).await?);
            self.tokens().verified.insert(key, info.clone(), now);
            info
        };
        if info.expires <= self.clock().now() {
            return Err(Rejection::Expired.into());
        }
        if self.is_revoked(&info, now) {
            return Err(Rejection::Revoked.into());
        }
        Ok(info)
    }

    /// Revokes one token for good: at once in this process, within [`super::AuthConfig::refresh`] in other
    /// replicas. A new epoch of the user revokes all its tokens.
    pub async fn revoke(&self, token: &TokenInfo) -> Result<(), AuthError> {
        let until = token.expires.plus(SKEW);
        self.directory().revoke_token(&token.id, until, self.clock().now()).await?;
        // A look-up that began before may still put the token into the cache as good.
        self.tokens().revoked.insert(token.id.clone(), (), self.clock().elapsed());
        Ok(())
    }

    /// Whole seconds until a token expires.
    pub fn seconds_left(&self, token: &TokenInfo) -> i64 {
        (token.expires.seconds_floor() - self.clock().now().seconds_ceil()).max(0)
    }

    fn is_revoked(&self, info: &TokenInfo, now: Duration) -> bool {
        self.tokens().revoked.get(&info.id, now).is_some()
    }

    fn is_worth_reusing(&self, token: &IssuedToken, login: &Login) -> bool {
        let clock = self.clock();
        let margin = self.token_lifetime() / 4;
        token.info.epoch == login.epoch
            && token.info.identity == login.identity
            && clock.now().plus(margin) < token.info.expires
            && !self.is_revoked(&token.info, clock.elapsed())
    }

    async fn load_token(&self, token: &str) -> Result<TokenInfo, AuthError> {
        let id = token::key_id(token)?;
        let key = self.signing_keys().verifier(&id, self.directory(), self.clock()).await?;
        let key = key.ok_or(Rejection::UnknownKey)?;
        let claims = token::verify(token, &key, &self.config().issuer)?;
        let now = self.clock().now();
        if Timestamp::from_seconds(claims.exp) <= now {
            return Err(Rejection::Expired.into());
        }
        if Timestamp::from_seconds(claims.iat) > now.plus(SKEW) {
            return Err(Rejection::NotAToken.into());
        }
        if self.directory().is_token_revoked(&claims.jti).await? {
            return Err(Rejection::Revoked.into());
        }
        let user = self.current_user(&UserId::new(claims.sub.as_str()), claims.epoch).await?;
        let identity = match &claims.project {
            None => None,
            Some(account) => {
                let identity =
                    identity_in(self.directory(), &user, &AccountId::new(account.as_str())).await?;
                Some(identity.ok_or(Rejection::NoRole)?)
            }
        };
        Ok(TokenInfo::new(claims, User::verified(&user), identity))
    }
}

impl TokenInfo {
    /// Whether the bearer of this token may see or revoke the other one: it is a token of the same user, or
    /// the bearer is a reseller.
    pub fn may_see(&self, other: &Self) -> bool {
        let reseller = self.identity.as_ref().is_some_and(|identity| identity.role == Role::Reseller);
        reseller || self.user.id == other.user.id
    }

    fn new(claims: Claims, user: User, identity: Option<Identity>) -> Self {
        Self {
            id: claims.jti,
            user,
            identity,
            methods: claims.methods,
            issued: Timestamp::from_seconds(claims.iat),
            expires: Timestamp::from_seconds(claims.exp),
            epoch: claims.epoch,
        }
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The key of a token in the caches.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token's id, in the form of Keystone's audit ids.
fn random_id() -> Result<String, AuthError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| AuthError::internal("no randomness", error))?;
    Ok(hex::encode(id))
}

#[cfg(test)]
mod tests;
