//! The directory: the store of principals, as identity sees it.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::Secret;
use crate::model::{AccountId, Timestamp, UserId};

/// The store of principals. It returns secrets opened, and seals them in its own way.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Finds an S3 access key by its public id.
    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyEntry>, DirectoryError>;
    /// Finds a user by id.
    async fn user(&self, id: &UserId) -> Result<Option<UserEntry>, DirectoryError>;
    /// Finds a user by its domain's id and its name.
    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserEntry>, DirectoryError>;
    /// Finds a user by its `TempAuth` name, `account:user`.
    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserEntry>, DirectoryError>;
    /// All roles of a user, in all accounts.
    async fn roles(&self, user: &UserId) -> Result<Vec<Grant>, DirectoryError>;
    /// Finds an account by id.
    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, DirectoryError>;
    /// Finds an account by its domain's id and its name.
    async fn account_by_name(&self, domain: &str, name: &str)
    -> Result<Option<AccountEntry>, DirectoryError>;
    /// The keys that sign tokens, in any order.
    async fn signing_keys(&self) -> Result<Vec<SigningKeyEntry>, DirectoryError>;
    /// Adds a key that signs tokens; all replicas see it in [`Directory::signing_keys`] from then on.
    async fn add_signing_key(&self, key: SigningKeyEntry) -> Result<(), DirectoryError>;
    /// Records that a token is revoked. From then on until `until`, all replicas see it in
    /// [`Directory::is_token_revoked`].
    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), DirectoryError>;
    /// Whether a token was revoked.
    async fn is_token_revoked(&self, id: &str) -> Result<bool, DirectoryError>;
}

/// A user, as the directory keeps it.
#[derive(Clone)]
pub struct UserEntry {
    pub id: UserId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id.
    pub domain: String,
    /// The password's Argon2 hash in PHC form, if the user has a password.
    pub password_hash: Option<String>,
    /// Tokens of any other epoch are revoked.
    pub epoch: i64,
    /// Whether the user may log in.
    pub enabled: bool,
}

/// An account, as the directory keeps it.
#[derive(Clone, Debug)]
pub struct AccountEntry {
    pub id: AccountId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id.
    pub domain: String,
}

/// A role of a user in an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    pub account: AccountId,
    /// The role's name.
    pub role: String,
}

/// An S3 access key, its secret opened.
#[derive(Clone, Debug)]
pub struct AccessKeyEntry {
    /// The user that it belongs to.
    pub user: UserId,
    /// The account that it signs for.
    pub account: AccountId,
    pub secret: Secret,
    /// Whether it may sign.
    pub enabled: bool,
}

/// A key that signs tokens.
#[derive(Clone)]
pub struct SigningKeyEntry {
    /// Its id, in a token's header.
    pub id: String,
    /// The private key (PKCS#8).
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// The public key (uncompressed P-256 point).
    pub public_key: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

/// The reason why the directory gave no answer. It holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The directory is not reachable now.
    #[error("the directory is unavailable: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A stored record cannot be read: damage, tampering or a wrong key ring.
    #[error("the directory holds a record that does not open: {0}")]
    Damaged(&'static str),
}

impl fmt::Debug for UserEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserEntry")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("epoch", &self.epoch)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SigningKeyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeyEntry")
            .field("id", &self.id)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
