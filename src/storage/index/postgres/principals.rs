//! STUB
use super::transaction::{Snapshot, Tx};
use crate::model::*;
use crate::storage::Error;
use crate::storage::index::*;

pub(super) async fn put_account(tx: &Tx, account: &AccountRecord) -> Result<()> {
    todo!()
}

pub(super) async fn account(db: &Snapshot, id: &AccountId) -> Result<Option<AccountRecord>> {
    todo!()
}

pub(super) async fn account_by_name(
    db: &Snapshot,
    domain: &str,
    name: &str,
) -> Result<Option<AccountRecord>> {
    todo!()
}

pub(super) async fn put_user(tx: &Tx, user: &UserRecord, roles: &[RoleGrant]) -> Result<()> {
    todo!()
}

pub(super) async fn user(db: &Snapshot, id: &UserId) -> Result<Option<UserRecord>> {
    todo!()
}

pub(super) async fn user_by_name(db: &Snapshot, domain: &str, name: &str) -> Result<Option<UserRecord>> {
    todo!()
}

pub(super) async fn user_by_tempauth(db: &Snapshot, name: &str) -> Result<Option<UserRecord>> {
    todo!()
}

pub(super) async fn roles(db: &Snapshot, user: &UserId) -> Result<Vec<RoleGrant>> {
    todo!()
}

pub(super) async fn put_access_key(tx: &Tx, key: &AccessKeyRecord) -> Result<()> {
    todo!()
}

pub(super) async fn access_key(db: &Snapshot, access: &str) -> Result<Option<AccessKeyRecord>> {
    todo!()
}

pub(super) async fn signing_keys(db: &Snapshot) -> Result<Vec<SigningKeyRecord>> {
    todo!()
}

pub(super) async fn add_signing_key(tx: &Tx, key: &SigningKeyRecord) -> Result<()> {
    todo!()
}

pub(super) async fn update_account(
    tx: &Tx,
    id: &AccountId,
    changes: &[(String, Option<String>)],
) -> Result<()> {
    todo!()
}
