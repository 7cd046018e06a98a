//! Accounts, users, access keys and signing keys in the index. Secrets arrive sealed under the key ring.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Result;
use crate::model::{AccountId, Timestamp, UserId};

/// Accounts, users, roles, access keys, signing keys and revoked tokens.
#[async_trait]
pub trait Principals: Send + Sync {
    /// Inserts an account. If its id exists, changes only its names and its email: its creation time and its
    /// metadata stay.
    async fn put_account(&self, account: AccountRecord) -> Result<()>;
    /// Finds an account by id.
    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>>;
    /// Finds an account by its domain's id and its name.
    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>>;
    /// Merges account metadata: `Some` sets, `None` removes.
    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()>;
    /// Inserts or replaces a user (by id), with exactly these roles.
    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()>;
    /// Finds a user by id.
    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>>;
    /// Finds a user by its domain's id and its name.
    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>>;
    /// Finds a user by its TempAuth name, `account:user`.
    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>>;
    /// All roles of a user.
    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>>;
    /// Inserts or replaces an S3 access key (by its public id).
    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()>;
    /// Finds an S3 access key by its public id.
    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>>;
    /// The token signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>>;
    /// Adds a signing key.
    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()>;
    /// Notes that a token is revoked until `until`, and forgets the revocations that have ended by `now`.
    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()>;
    /// Whether a token was revoked.
    async fn is_token_revoked(&self, id: &str) -> Result<bool>;
}

/// An account: OpenStack's project, S3's owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRecord {
    pub id: AccountId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id (`default`).
    pub domain: String,
    /// The display name of the owner on S3.
    pub display_name: String,
    /// An e-mail address: some test suites require one.
    pub email: Option<String>,
    /// The time of its creation.
    pub created: Timestamp,
    /// `X-Account-Meta-*`, lower case, without the prefix.
    pub metadata: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserRecord {
    pub id: UserId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id (`default`).
    pub domain: String,
    /// `account:user` for TempAuth, if it has such a name.
    pub tempauth: Option<String>,
    /// The password's Argon2 hash in PHC form; never the password.
    pub password_hash: Option<String>,
    /// Tokens of an older epoch are revoked.
    pub epoch: i64,
    /// Whether it may log in.
    pub enabled: bool,
}

/// A role of a user in an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleGrant {
    pub account: AccountId,
    /// `admin`, `member` and `ResellerAdmin` are owners; any other name gives no right of its own.
    pub role: String,
}

/// An S3 access key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessKeyRecord {
    /// Its public id.
    pub access: String,
    pub user: UserId,
    /// The account that it signs for.
    pub account: AccountId,
    /// The secret, sealed under the key ring.
    pub sealed_secret: Vec<u8>,
    /// Whether it may sign.
    pub enabled: bool,
}

/// A key that signs tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningKeyRecord {
    /// Its id, in a token's header.
    pub id: String,
    /// The private key (PKCS#8), sealed under the key ring.
    pub sealed_key: Vec<u8>,
    /// The public key (uncompressed P-256 point).
    pub public_key: Vec<u8>,
    /// The time of its creation.
    pub created: Timestamp,
}
