//! For tests: a directory in memory, and a clock that is moved by hand.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::directory::{
    AccessKeyEntry, AccountEntry, Directory, DirectoryError, Grant, SigningKeyEntry, UserEntry,
};
use super::{AuthConfig, Authenticator, Clock, Secret};
use crate::model::{AccountId, Timestamp, UserId};

/// Everything in it may be changed from outside.
#[derive(Default)]
pub(crate) struct MemoryDirectory {
    pub(crate) users: Mutex<Vec<UserEntry>>,
    pub(crate) tempauth: Mutex<Vec<(String, UserId)>>,
    pub(crate) accounts: Mutex<Vec<AccountEntry>>,
    pub(crate) grants: Mutex<Vec<(UserId, Grant)>>,
    pub(crate) access_keys: Mutex<Vec<(String, AccessKeyEntry)>>,
    pub(crate) signing_keys: Mutex<Vec<SigningKeyEntry>>,
    pub(crate) revoked: Mutex<Vec<String>>,
    /// Answers given so far.
    pub(crate) reads: AtomicUsize,
}

impl MemoryDirectory {
    /// Users `alice` (password `wonderland`; admin of `acct`, `TempAuth` `test:tester`), `bob` (`builder`;
    /// member of `acct` and reader of `other`) and `nobody` (no password, no role); the access key `AKALICE`
    /// of alice.
    pub(crate) fn with_people() -> Arc<Self> {
        let directory = Self::default();
        directory.add_account("acct-id", "acct");
        directory.add_account("other-id", "other");
        directory.add_user("alice-id", "alice", Some("wonderland"));
        directory.add_user("bob-id", "bob", Some("builder"));
        directory.add_user("nobody-id", "nobody", None);
        directory.grant("alice-id", "acct-id", "admin");
        directory.grant("bob-id", "acct-id", "member");
        directory.grant("bob-id", "other-id", "reader");
        directory.tempauth.lock().unwrap().push(("test:tester".into(), UserId::new("alice-id")));
        let secret = Secret::new("alices-secret");
        let (user, account) = (UserId::new("alice-id"), AccountId::new("acct-id"));
        let key = AccessKeyEntry { user, account, secret, enabled: true };
        directory.access_keys.lock().unwrap().push(("AKALICE".into(), key));
        Arc::new(directory)
    }

    pub(crate) fn add_account(&self, id: &str, name: &str) {
        let account = AccountEntry { id: AccountId::new(id), name: name.into(), domain: "default".into() };
        self.accounts.lock().unwrap().push(account);
    }

    pub(crate) fn add_user(&self, id: &str, name: &str, password: Option<&str>) {
        let password_hash = password.map(super::password::cheap_hash);
        let (id, name, domain) = (UserId::new(id), name.into(), "default".into());
        self.users.lock().unwrap().push(UserEntry {
            id,
            name,
            domain,
            password_hash,
            epoch: 0,
            enabled: true,
        });
    }

    pub(crate) fn grant(&self, user: &str, account: &str, role: &str) {
        let grant = Grant { account: AccountId::new(account), role: role.into() };
        self.grants.lock().unwrap().push((UserId::new(user), grant));
    }

    pub(crate) fn change_user(&self, name: &str, change: impl FnOnce(&mut UserEntry)) {
        change(self.users.lock().unwrap().iter_mut().find(|user| user.name == name).unwrap());
    }

    pub(crate) fn authenticator(self: &Arc<Self>, clock: &Arc<ManualClock>) -> Authenticator {
        Authenticator::with_clock(self.clone(), AuthConfig::default(), clock.clone()).unwrap()
    }

    fn find<T: Clone>(&self, all: &Mutex<Vec<T>>, is: impl Fn(&T) -> bool) -> Option<T> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        all.lock().unwrap().iter().find(|item| is(item)).cloned()
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyEntry>, DirectoryError> {
        Ok(self.find(&self.access_keys, |(id, _)| id == access).map(|(_, key)| key))
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserEntry>, DirectoryError> {
        Ok(self.find(&self.users, |user| user.id == *id))
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserEntry>, DirectoryError> {
        Ok(self.find(&self.users, |user| user.domain == domain && user.name == name))
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserEntry>, DirectoryError> {
        match self.find(&self.tempauth, |(tempauth, _)| tempauth == name) {
            Some((_, id)) => self.user(&id).await,
            None => Ok(None),
        }
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<Grant>, DirectoryError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let grants = self.grants.lock().unwrap();
        Ok(grants.iter().filter(|(holder, _)| holder == user).map(|(_, grant)| grant.clone()).collect())
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountEntry>, DirectoryError> {
        Ok(self.find(&self.accounts, |account| account.id == *id))
    }

    async fn account_by_name(
        &self,
        domain: &str,
        name: &str,
    ) -> Result<Option<AccountEntry>, DirectoryError> {
        Ok(self.find(&self.accounts, |account| account.domain == domain && account.name == name))
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyEntry>, DirectoryError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.signing_keys.lock().unwrap().clone())
    }

    async fn add_signing_key(&self, key: SigningKeyEntry) -> Result<(), DirectoryError> {
        self.signing_keys.lock().unwrap().push(key);
        Ok(())
    }

    async fn revoke_token(&self, id: &str, _: Timestamp, _: Timestamp) -> Result<(), DirectoryError> {
        self.revoked.lock().unwrap().push(id.to_owned());
        Ok(())
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool, DirectoryError> {
        Ok(self.find(&self.revoked, |revoked| revoked == id).is_some())
    }
}

/// A clock that moves only by hand.
pub(crate) struct ManualClock {
    milliseconds: AtomicI64,
}

impl ManualClock {
    /// It begins at noon of the first of January 2030.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { milliseconds: AtomicI64::new(1_893_499_200_000) })
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.milliseconds.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_steps(self.milliseconds.load(Ordering::Relaxed) * 100)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::Relaxed).try_into().unwrap())
    }
}
