//! Accounts, users, roles, access keys, signing keys, revoked tokens.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::super::merge::merge;
use super::PostgresIndex;
use super::transaction::{Snapshot, Tx};
use super::values::{self, Flag, Name, to_json};
use crate::model::{AccountId, Timestamp, UserId};
use crate::storage::Error;
use crate::storage::index::{
    AccessKeyRecord, AccountRecord, Principals, Result, RoleGrant, SigningKeyRecord, UserRecord,
};

#[async_trait]
impl Principals for PostgresIndex {
    async fn put_account(&self, account: AccountRecord) -> Result<()> {
        command!(self.db, tx, (account) => put_account(tx, account))
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>> {
        let id = id.clone();
        query!(self.db, db, (id) => account(db, id))
    }

    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        query!(self.db, db, (domain, name) => account_by_name(db, domain, name))
    }

    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()> {
        let id = id.clone();
        command!(self.db, tx, (id, changes) => update_account(tx, id, changes))
    }

    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()> {
        command!(self.db, tx, (user, roles) => put_user(tx, user, roles))
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>> {
        let id = id.clone();
        query!(self.db, db, (id) => user(db, id))
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        query!(self.db, db, (domain, name) => user_by_name(db, domain, name))
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>> {
        let name = name.to_owned();
        query!(self.db, db, (name) => user_by_tempauth(db, name))
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>> {
        let user = user.clone();
        query!(self.db, db, (user) => roles(db, user))
    }

    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()> {
        command!(self.db, tx, (key) => put_access_key(tx, key))
    }

    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>> {
        let access = access.to_owned();
        query!(self.db, db, (access) => access_key(db, access))
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        query!(self.db, db, () => signing_keys(db))
    }

    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()> {
        command!(self.db, tx, (key) => add_signing_key(tx, key))
    }

    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        command!(self.db, tx, (id, until, now) => revoke_token(tx, id, *until, *now))
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        query!(self.db, db, (id) => is_token_revoked(db, id))
    }
}

pub(super) async fn put_account(tx: &Tx, account: &AccountRecord) -> Result<()> {
    tx.execute(
        "INSERT INTO accounts (id, domain, name, display_name, email, created, metadata)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, name = excluded.name,
             display_name = excluded.display_name, email = excluded.email",
        &[
            &account.id,
            &account.domain.as_bytes(),
            &account.name.as_bytes(),
            &account.display_name,
            &account.email,
            &account.created,
            &to_json(&account.metadata)?,
        ],
    )
    .await
    .map(|_| ())
}

pub(super) async fn account(db: &Snapshot, id: &AccountId) -> Result<Option<AccountRecord>> {
    let sql = "SELECT id, domain, name, display_name, email, created, metadata FROM accounts WHERE id = $1";
    db.maybe(sql, &[id]).await?.as_ref().map(read_account).transpose()
}

pub(super) async fn account_by_name(
    db: &Snapshot,
    domain: &str,
    name: &str,
) -> Result<Option<AccountRecord>> {
    let sql = "SELECT id, domain, name, display_name, email, created, metadata FROM accounts
               WHERE domain = $1 AND name = $2";
    db.maybe(sql, &[&domain.as_bytes(), &name.as_bytes()]).await?.as_ref().map(read_account).transpose()
}

fn read_account(row: &Row) -> Result<AccountRecord> {
    Ok(AccountRecord {
        id: row.try_get(0)?,
        domain: row.try_get::<_, Name>(1)?.0,
        name: row.try_get::<_, Name>(2)?.0,
        display_name: row.try_get(3)?,
        email: row.try_get(4)?,
        created: row.try_get(5)?,
        metadata: values::map(row, 6)?,
    })
}

pub(super) async fn update_account(
    tx: &Tx,
    id: &AccountId,
    changes: &[(String, Option<String>)],
) -> Result<()> {
    let Some(found) = tx.maybe("SELECT metadata FROM accounts WHERE id = $1 FOR UPDATE", &[id]).await? else {
        return Err(Error::Internal(format!("there is no account {id}").into()));
    };
    let mut metadata = values::map(&found, 0)?;
    merge(&mut metadata, changes.iter().cloned());
    let sql = "UPDATE accounts SET metadata = $2 WHERE id = $1";
    tx.execute(sql, &[id, &to_json(&metadata)?]).await.map(|_| ())
}

pub(super) async fn put_user(tx: &Tx, user: &UserRecord, roles: &[RoleGrant]) -> Result<()> {
    // The lock of the row, which an update takes too, serialises the commands that set the roles of one user.
    tx.execute(
        "INSERT INTO users (id, domain, name, tempauth, password_hash, epoch, enabled)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET domain = excluded.domain, name = excluded.name,
             tempauth = excluded.tempauth, password_hash = excluded.password_hash, epoch = excluded.epoch,
             enabled = excluded.enabled",
        &[
            &user.id,
            &user.domain.as_bytes(),
            &user.name.as_bytes(),
            &user.tempauth.as_ref().map(String::as_bytes),
            &user.password_hash,
            &user.epoch,
            &Flag(user.enabled),
        ],
    )
    .await?;
    tx.execute("DELETE FROM roles WHERE \"user\" = $1", &[&user.id]).await?;
    let (accounts, names): (Vec<_>, Vec<_>) =
        roles.iter().map(|grant| (&grant.account, grant.role.as_bytes())).unzip();
    let sql = "INSERT INTO roles (\"user\", account, role) SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])
               ON CONFLICT DO NOTHING";
    tx.execute(sql, &[&user.id, &accounts, &names]).await.map(|_| ())
}

pub(super) async fn user(db: &Snapshot, id: &UserId) -> Result<Option<UserRecord>> {
    let sql = "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users WHERE id = $1";
    db.maybe(sql, &[id]).await?.as_ref().map(read_user).transpose()
}

pub(super) async fn user_by_name(db: &Snapshot, domain: &str, name: &str) -> Result<Option<UserRecord>> {
    let sql = "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users
               WHERE domain = $1 AND name = $2";
    db.maybe(sql, &[&domain.as_bytes(), &name.as_bytes()]).await?.as_ref().map(read_user).transpose()
}

pub(super) async fn user_by_tempauth(db: &Snapshot, name: &str) -> Result<Option<UserRecord>> {
    let sql =
        "SELECT id, domain, name, tempauth, password_hash, epoch, enabled FROM users WHERE tempauth = $1";
    db.maybe(sql, &[&name.as_bytes()]).await?.as_ref().map(read_user).transpose()
}

fn read_user(row: &Row) -> Result<UserRecord> {
    Ok(UserRecord {
        id: row.try_get(0)?,
        domain: row.try_get::<_, Name>(1)?.0,
        name: row.try_get::<_, Name>(2)?.0,
        tempauth: row.try_get::<_, Option<Name>>(3)?.map(|name| name.0),
        password_hash: row.try_get(4)?,
        epoch: row.try_get(5)?,
        enabled: row.try_get::<_, Flag>(6)?.0,
    })
}

pub(super) async fn roles(db: &Snapshot, user: &UserId) -> Result<Vec<RoleGrant>> {
    let sql = "SELECT account, role FROM roles WHERE \"user\" = $1 ORDER BY account, role";
    let rows = db.all(sql, &[user]).await?;
    let grants =
        rows.iter().map(|row| Ok(RoleGrant { account: row.try_get(0)?, role: row.try_get::<_, Name>(1)?.0 }));
    grants.collect()
}

pub(super) async fn put_access_key(tx: &Tx, key: &AccessKeyRecord) -> Result<()> {
    tx.execute(
        "INSERT INTO access_keys (access, \"user\", account, sealed_secret, enabled) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (access) DO UPDATE SET \"user\" = excluded.\"user\", account = excluded.account,
             sealed_secret = excluded.sealed_secret, enabled = excluded.enabled",
        &[&key.access.as_bytes(), &key.user, &key.account, &key.sealed_secret, &Flag(key.enabled)],
    )
    .await
    .map(|_| ())
}

pub(super) async fn access_key(db: &Snapshot, access: &str) -> Result<Option<AccessKeyRecord>> {
    let sql = "SELECT access, \"user\", account, sealed_secret, enabled FROM access_keys WHERE access = $1";
    let Some(row) = db.maybe(sql, &[&access.as_bytes()]).await? else { return Ok(None) };
    Ok(Some(AccessKeyRecord {
        access: row.try_get::<_, Name>(0)?.0,
        user: row.try_get(1)?,
        account: row.try_get(2)?,
        sealed_secret: row.try_get(3)?,
        enabled: row.try_get::<_, Flag>(4)?.0,
    }))
}

pub(super) async fn signing_keys(db: &Snapshot) -> Result<Vec<SigningKeyRecord>> {
    let sql = "SELECT id, sealed_key, public_key, created FROM signing_keys ORDER BY created, id";
    let rows = db.all(sql, &[]).await?;
    let keys = rows.iter().map(|row| {
        Ok(SigningKeyRecord {
            id: row.try_get::<_, Name>(0)?.0,
            sealed_key: row.try_get(1)?,
            public_key: row.try_get(2)?,
            created: row.try_get(3)?,
        })
    });
    keys.collect()
}

pub(super) async fn add_signing_key(tx: &Tx, key: &SigningKeyRecord) -> Result<()> {
    let sql = "INSERT INTO signing_keys (id, sealed_key, public_key, created) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[&key.id.as_bytes(), &key.sealed_key, &key.public_key, &key.created]).await.map(|_| ())
}

pub(super) async fn revoke_token(tx: &Tx, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
    // Skip rows that another transaction is deleting: two commands that revoke do not wait for each other's
    // rows.
    let sql = "DELETE FROM revoked_tokens WHERE id IN
               (SELECT id FROM revoked_tokens WHERE until <= $1 FOR UPDATE SKIP LOCKED)";
    tx.execute(sql, &[&now]).await?;
    let sql = "INSERT INTO revoked_tokens (id, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute(sql, &[&id.as_bytes(), &until]).await.map(|_| ())
}

pub(super) async fn is_token_revoked(db: &Snapshot, id: &str) -> Result<bool> {
    Ok(db.maybe("SELECT 1 FROM revoked_tokens WHERE id = $1", &[&id.as_bytes()]).await?.is_some())
}
