//! The directory of the identity layer, over the index and the key ring.

use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::encryption::KeyRing;
use crate::identity::{
    AccessKeyEntry, AccountEntry, Directory, DirectoryError, Grant, Secret, SigningKeyEntry, UserEntry,
};
use crate::model::{AccountId, Timestamp, UserId};
use crate::storage::Error;
use crate::storage::index::{
    AccessKeyRecord, AccountRecord, Principals, RoleGrant, SigningKeyRecord, UserRecord,
};

/// The purpose under which S3 secret keys are sealed.
const S3_SECRET: &str = "s3-secret";
/// The purpose under which token signing keys are sealed.
const TOKEN_KEY: &str = "token-key";

/// Reads principals from the index and opens their secrets with the key ring.
#[derive(Clone)]
pub struct IndexDirectory {
    index: Arc<dyn Principals>,
    ring: KeyRing,
}

impl IndexDirectory {
    /// The secrets in the index are sealed under this ring.
    pub fn new(index: Arc<dyn Principals>, ring: KeyRing) -> Self {
        Self { index, ring }
    }

    /// Inserts or replaces an S3 access key under its public id.
    pub async fn put_access_key(&self, access: &str, key: &AccessKeyEntry) -> Result<(), DirectoryError> {
        let context = access_key_context(access, &key.user, &key.account);
        let record = AccessKeyRecord {
            access: access.to_owned(),
            user: key.user.clone(),
            account: key.account.clone(),
            sealed_secret: self.ring.seal_secret(S3_SECRET, &context, key.secret.expose().as_bytes()),
            enabled: key.enabled,
        };
        self.index.put_access_key(record).await.map_err(failed)
    }

    fn open_access_key(&self, record: AccessKeyRecord) -> Result<AccessKeyEntry, DirectoryError> {
        const DAMAGED: DirectoryError = DirectoryError::Damaged("an access key");
        let context = access_key_context(&record.access, &record.user, &record.account);
        let secret =
            self.ring.open_secret(S3_SECRET, &context, &record.sealed_secret).map_err(|_| DAMAGED)?;
        let secret = std::str::from_utf8(&secret).map(Secret::new).map_err(|_| DAMAGED)?;
        Ok(AccessKeyEntry { user: record.user, account: record.account, secret, enabled: record.enabled })
    }

    fn open_signing_key(&self, record: SigningKeyRecord) -> Option<SigningKeyEntry> {
        let context = fields(&[record.id.as_bytes(), &record.public_key]);
        let pkcs8: Zeroizing<Vec<u8>> = match self.ring.open_secret(TOKEN_KEY, &context, &record.sealed_key) {
            Ok(pkcs8) => pkcs8,
            Err(error) => {
                tracing::error!(key = record.id, %error, "a token signing key cannot be opened, so its tokens are refused");
                return None;
            }
        };
        Some(SigningKeyEntry { id: record.id, pkcs8, public_key: record.public_key, created: record.created })
    }
}

#[async_trait]
impl Directory for IndexDirectory {
    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyEntry>, DirectoryError> {
        let record = self.index.access_key(access).await.map_err(failed)?;
        record.map(|record| self.open_access_key(record)).transpose()
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserEntry>, DirectoryError> {
        Ok(self.index.user(id).await.map_err(failed)?.map(user))
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserEntry>, DirectoryError> {
        Ok(self.index.user_by_name(domain, name).await.map_err(failed)?.map(user))
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserEntry>, DirectoryError> {
        Ok(self.index.user_by_tempauth(name).await.map_err(failed)?.map(user))
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<Grant>, DirectoryError> {
        let roles = self.index.roles(user).await.map_err(failed)?;
        Ok(roles.into_iter().map(|RoleGrant { account, role }| Grant { account, role }).collect())
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, DirectoryError> {
        Ok(self.index.account(id).await.map_err(failed)?.map(account))
    }

    async fn account_by_name(
        &self,
        domain: &str,
        name: &str,
    ) -> Result<Option<AccountEntry>, DirectoryError> {
        Ok(self.index.account_by_name(domain, name).await.map_err(failed)?.map(account))
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyEntry>, DirectoryError> {
        let keys = self.index.signing_keys().await.map_err(failed)?;
        Ok(keys.into_iter().filter_map(|record| self.open_signing_key(record)).collect())
    }

    async fn add_signing_key(&self, key: SigningKeyEntry) -> Result<(), DirectoryError> {
        let context = fields(&[key.id.as_bytes(), &key.public_key]);
        let record = SigningKeyRecord {
            sealed_key: self.ring.seal_secret(TOKEN_KEY, &context, &key.pkcs8),
            id: key.id,
            public_key: key.public_key,
            created: key.created,
        };
        self.index.add_signing_key(record).await.map_err(failed)
    }

    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<(), DirectoryError> {
        self.index.revoke_token(id, until, now).await.map_err(failed)
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool, DirectoryError> {
        self.index.is_token_revoked(id).await.map_err(failed)
    }
}

fn user(record: UserRecord) -> UserEntry {
    UserEntry {
        id: record.id,
        name: record.name,
        domain: record.domain,
        password_hash: record.password_hash,
        epoch: record.epoch,
        enabled: record.enabled,
    }
}

fn account(record: AccountRecord) -> AccountEntry {
    AccountEntry { id: record.id, name: record.name, domain: record.domain }
}

fn failed(error: Error) -> DirectoryError {
    match error {
        Error::Damaged(_) => DirectoryError::Damaged("the index"),
        other => DirectoryError::Unavailable(other.into()),
    }
}

/// A secret opens only in its own row, for its own user and account.
fn access_key_context(access: &str, user: &UserId, account: &AccountId) -> Vec<u8> {
    fields(&[access.as_bytes(), user.as_str().as_bytes(), account.as_str().as_bytes()])
}

/// Joins fields so that two different lists never give the same bytes.
fn fields(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{
        AuthConfig, Authenticator, PasswordLogin, Role, Scope, UserSelector, hash_password,
    };
    use crate::storage::index::sqlite::SqliteIndex;

    const ACCESS: &str = "AKIAEXAMPLE";

    async fn directory() -> IndexDirectory {
        let index = Arc::new(SqliteIndex::open_in_memory().unwrap());
        let account = AccountRecord {
            id: AccountId::new("account-id"),
            name: "account".into(),
            domain: "default".into(),
            display_name: "account".into(),
            email: None,
            created: Timestamp::now(),
            metadata: [].into(),
        };
        let user = UserRecord {
            id: UserId::new("user-id"),
            name: "user".into(),
            domain: "default".into(),
            tempauth: Some("test:tester".into()),
            password_hash: Some(hash_password("password").unwrap()),
            epoch: 0,
            enabled: true,
        };
        let role = RoleGrant { account: account.id.clone(), role: "admin".into() };
        index.put_account(account).await.unwrap();
        index.put_user(user, vec![role]).await.unwrap();
        let directory = IndexDirectory::new(index, KeyRing::generate());
        let secret = Secret::new("the secret");
        let (user, account) = (UserId::new("user-id"), AccountId::new("account-id"));
        let key = AccessKeyEntry { user, account, secret, enabled: true };
        directory.put_access_key(ACCESS, &key).await.unwrap();
        directory
    }

    fn authenticator(directory: &IndexDirectory) -> Authenticator {
        Authenticator::new(Arc::new(directory.clone()), AuthConfig::default()).unwrap()
    }

    #[tokio::test]
    async fn an_access_key_is_stored_sealed() {
        let directory = directory().await;
        let record = directory.index.access_key(ACCESS).await.unwrap().unwrap();
        assert!(!record.sealed_secret.windows(10).any(|window| window == b"the secret"));
        let key = authenticator(&directory).access_key(ACCESS).await.unwrap().unwrap();
        assert_eq!((key.secret.expose(), key.identity.role), ("the secret", Role::Owner));
    }

    #[tokio::test]
    async fn a_secret_opens_only_in_its_own_row() {
        let directory = directory().await;
        let record = directory.index.access_key(ACCESS).await.unwrap().unwrap();
        let moved = AccessKeyRecord { access: "AKIAOTHER".into(), ..record.clone() };
        directory.index.put_access_key(moved).await.unwrap();
        let opened = directory.access_key("AKIAOTHER").await;
        assert!(matches!(opened, Err(DirectoryError::Damaged(_))), "{opened:?}");
        let other_ring = IndexDirectory::new(directory.index.clone(), KeyRing::generate());
        assert!(matches!(other_ring.access_key(ACCESS).await, Err(DirectoryError::Damaged(_))));
    }

    #[tokio::test]
    async fn logins_and_tokens_work_over_the_index() {
        let directory = directory().await;
        let user = UserSelector::TempAuth("test:tester".into());
        let login = PasswordLogin { user, password: Secret::new("password"), scope: Scope::Default };
        let one = authenticator(&directory);
        let login = one.password(login).await.unwrap();
        let issued = one.issue(&login).await.unwrap();
        let info = authenticator(&directory).token(&issued.token).await.unwrap();
        assert_eq!(info.identity.as_ref().unwrap().account_name, "account");
        assert_eq!(directory.signing_keys().await.unwrap().len(), 1);
        let other_ring = IndexDirectory::new(directory.index.clone(), KeyRing::generate());
        assert!(other_ring.signing_keys().await.unwrap().is_empty());
        assert!(authenticator(&other_ring).token(&issued.token).await.is_err());
    }
}
