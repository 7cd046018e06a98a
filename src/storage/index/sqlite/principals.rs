//! Accounts, users, roles, access keys, signing keys, revoked tokens.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::super::merge::merge;
use super::SqliteIndex;
use super::connection::{Snapshot, Tx};
use super::values::{Map, Name, to_json};
use crate::model::{AccountId, Timestamp, UserId};
use crate::storage::Error;
use crate::storage::index::{
    AccessKeyRecord, AccountRecord, Principals, Result, RoleGrant, SigningKeyRecord, UserRecord,
};

#[async_trait]
impl Principals for SqliteIndex {
    async fn put_account(&self, account: AccountRecord) -> Result<()> {
        self.writer()?.run(move |tx| put_account(tx, &account)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>> {
        let id = id.clone();
        self.readers.statement(move |db| account(db, &id)).await
    }

    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        self.readers.statement(move |db| account_by_name(db, &domain, &name)).await
    }

    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()> {
        let id = id.clone();
        self.writer()?.run(move |tx| update_account(tx, &id, changes)).await
    }

    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()> {
        self.writer()?.run(move |tx| put_user(tx, &user, &roles)).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>> {
        let id = id.clone();
        self.readers.statement(move |db| user(db, &id)).await
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        self.readers.statement(move |db| user_by_name(db, &domain, &name)).await
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>> {
        let name = name.to_owned();
        self.readers.statement(move |db| user_by_tempauth(db, &name)).await
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>> {
        let user = user.clone();
        self.readers.statement(move |db| roles(db, &user)).await
    }

    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()> {
        self.writer()?.run(move |tx| put_access_key(tx, &key)).await
    }

    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>> {
        let access = access.to_owned();
        self.readers.statement(move |db| access_key(db, &access)).await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        self.readers.statement(signing_keys).await
    }

    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()> {
        self.writer()?.run(move |tx| add_signing_key(tx, &key)).await
    }

    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        self.writer()?.run(move |tx| revoke_token(tx, &id, until, now)).await
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.readers.statement(move |db| is_token_revoked(db, &id)).await
    }
}

pub(super) fn put_account(tx: &Tx<'_>, account: &AccountRecord) -> Result<()> {
    tx.execute(
        "INSERT INTO accounts (id, domain, name, display_name, email, created, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, name = excluded.name,
             display_name = excluded.display_name, email = excluded.email",
        params![
            account.id,
            account.domain.as_bytes(),
            account.name.as_bytes(),
            account.display_name,
            account.email,
            account.created,
            to_json(&account.metadata)?,
        ],
    )
    .map(|_| ())
}

pub(super) fn account(db: &Snapshot<'_>, id: &AccountId) -> Result<Option<AccountRecord>> {
    let sql = "SELECT id, domain, name, display_name, email, created, metadata FROM accounts WHERE id = ?1";
    db.maybe(sql, [id], read_account)
}

pub(super) fn account_by_name(db: &Snapshot<'_>, domain: &str, name: &str) -> Result<Option<AccountRecord>> {
    let sql = "SELECT id, domain, name, display_name, email, created, metadata FROM accounts
               WHERE domain = ?1 AND name = ?2";
    db.maybe(sql, [domain.as_bytes(), name.as_bytes()], read_account)
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<AccountRecord> {
    Ok(AccountRecord {
        id: row.get(0)?,
        domain: row.get::<_, Name>(1)?.0,
        name: row.get::<_, Name>(2)?.0,
        display_name: row.get(3)?,
        email: row.get(4)?,
        created: row.get(5)?,
        metadata: row.get::<_, Map>(6)?.0,
    })
}

pub(super) fn update_account(
    tx: &Tx<'_>,
    id: &AccountId,
    changes: impl IntoIterator<Item = (String, Option<String>)>,
) -> Result<()> {
    let Some(Map(mut metadata)) =
        tx.maybe("SELECT metadata FROM accounts WHERE id = ?1", [id], |row| row.get(0))?
    else {
        return Err(Error::Internal(format!("there is no account {id}").into()));
    };
    merge(&mut metadata, changes);
    tx.execute("UPDATE accounts SET metadata = ?2 WHERE id = ?1", params![id, to_json(&metadata)?])
        .map(|_| ())
}

pub(super) fn put_user(tx: &Tx<'_>, user: &UserRecord, roles: &[RoleGrant]) -> Result<()> {
    tx.execute(
        "INSERT INTO users (id, domain, name, tempauth, password_hash, epoch, enabled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, name = excluded.name,
             tempauth = excluded.tempauth, password_hash = excluded.password_hash, epoch = excluded.epoch,
             enabled = excluded.enabled",
        params![
            user.id,
            user.domain.as_bytes(),
            user.name.as_bytes(),
            user.tempauth.as_ref().map(String::as_bytes),
            user.password_hash,
            user.epoch,
            user.enabled,
        ],
    )?;
    tx.execute("DELETE FROM roles WHERE user = ?1", [&user.id])?;
    for grant in roles {
        tx.execute(
            "INSERT INTO roles (user, account, role) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![user.id, grant.account, grant.role.as_bytes()],
        )?;
    }
    Ok(())
}

pub(super) fn user(db: &Snapshot<'_>, id: &UserId) -> Result<Option<UserRecord>> {
    let sql = "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users WHERE id = ?1";
    db.maybe(sql, [id], read_user)
}

pub(super) fn user_by_name(db: &Snapshot<'_>, domain: &str, name: &str) -> Result<Option<UserRecord>> {
    let sql = "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users
               WHERE domain = ?1 AND name = ?2";
    db.maybe(sql, [domain.as_bytes(), name.as_bytes()], read_user)
}

pub(super) fn user_by_tempauth(db: &Snapshot<'_>, name: &str) -> Result<Option<UserRecord>> {
    let sql =
        "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users WHERE tempauth = ?1";
    db.maybe(sql, [name.as_bytes()], read_user)
}

fn read_user(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    Ok(UserRecord {
        id: row.get(0)?,
        domain: row.get::<_, Name>(1)?.0,
        name: row.get::<_, Name>(2)?.0,
        tempauth: row.get::<_, Option<Name>>(3)?.map(|name| name.0),
        password_hash: row.get(4)?,
        epoch: row.get(5)?,
        enabled: row.get(6)?,
    })
}

pub(super) fn roles(db: &Snapshot<'_>, user: &UserId) -> Result<Vec<RoleGrant>> {
    db.all("SELECT account, role FROM roles WHERE user = ?1 ORDER BY account, role", [user], |row| {
        Ok(RoleGrant { account: row.get(0)?, role: row.get::<_, Name>(1)?.0 })
    })
}

pub(super) fn put_access_key(tx: &Tx<'_>, key: &AccessKeyRecord) -> Result<()> {
    tx.execute(
        "INSERT INTO access_keys (access, user, account, sealed_secret, enabled) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (access) DO UPDATE SET user = excluded.user, account = excluded.account,
             sealed_secret = excluded.sealed_secret, enabled = excluded.enabled",
        params![key.access.as_bytes(), key.user, key.account, key.sealed_secret, key.enabled],
    )
    .map(|_| ())
}

pub(super) fn access_key(db: &Snapshot<'_>, access: &str) -> Result<Option<AccessKeyRecord>> {
    let sql = "SELECT access, user, account, sealed_secret, enabled FROM access_keys WHERE access = ?1";
    db.maybe(sql, [access.as_bytes()], |row| {
        Ok(AccessKeyRecord {
            access: row.get::<_, Name>(0)?.0,
            user: row.get(1)?,
            account: row.get(2)?,
            sealed_secret: row.get(3)?,
            enabled: row.get(4)?,
        })
    })
}

pub(super) fn signing_keys(db: &Snapshot<'_>) -> Result<Vec<SigningKeyRecord>> {
    let sql = "SELECT id, sealed_key, public_key, created FROM signing_keys ORDER BY created, id";
    db.all(sql, [], |row| {
        Ok(SigningKeyRecord {
            id: row.get::<_, Name>(0)?.0,
            sealed_key: row.get(1)?,
            public_key: row.get(2)?,
            created: row.get(3)?,
        })
    })
}

pub(super) fn add_signing_key(tx: &Tx<'_>, key: &SigningKeyRecord) -> Result<()> {
    tx.execute(
        "INSERT INTO signing_keys (id, sealed_key, public_key, created) VALUES (?1, ?2, ?3, ?4)",
        params![key.id.as_bytes(), key.sealed_key, key.public_key, key.created],
    )
    .map(|_| ())
}

pub(super) fn revoke_token(tx: &Tx<'_>, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM revoked_tokens WHERE until <= ?1", [now])?;
    let sql = "INSERT INTO revoked_tokens (id, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    tx.execute(sql, params![id.as_bytes(), until]).map(|_| ())
}

pub(super) fn is_token_revoked(db: &Snapshot<'_>, id: &str) -> Result<bool> {
    let found = db.maybe("SELECT 1 FROM revoked_tokens WHERE id = ?1", [id.as_bytes()], |_| Ok(()))?;
    Ok(found.is_some())
}
