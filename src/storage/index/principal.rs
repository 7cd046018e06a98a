//! Accounts, users, access keys and signing keys as the index keeps them. Secrets arrive sealed under the key ring.

use std::collections::BTreeMap;

use crate::model::{AccountId, Timestamp, UserId};

/// An account: OpenStack's project, S3's owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountRecord {
    /// Its id.
    pub id: AccountId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id (`default`).
    pub domain: String,
    /// What S3 shows as the owner's display name.
    pub display_name: String,
    /// An e-mail address, as test suites want one.
    pub email: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// `X-Account-Meta-*`, lower case, without the prefix.
    pub metadata: BTreeMap<String, String>,
}

/// A user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserRecord {
    /// Its id.
    pub id: UserId,
    /// Its name, unique in its domain.
    pub name: String,
    /// Its domain's id (`default`).
    pub domain: String,
    /// `account:user` for TempAuth, where it has one.
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
    /// Where.
    pub account: AccountId,
    /// `admin`, `member` and `ResellerAdmin` are owners; any other name gives no right of its own.
    pub role: String,
}

/// An S3 access key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessKeyRecord {
    /// Its public id.
    pub access: String,
    /// Whose it is.
    pub user: UserId,
    /// For which account it signs.
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
    /// When it was made.
    pub created: Timestamp,
}
