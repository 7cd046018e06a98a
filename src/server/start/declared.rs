//! The accounts and users that the configuration declares, written to the index at each start.

use super::{Installation, storage};
use crate::config::{ConfigError, DeclaredAccount, DeclaredUser};
use crate::failure::Failure;
use crate::identity::{AccessKeyEntry, Secret, hash_password, verify_password};
use crate::model::{AccountId, Timestamp, UserId};
use crate::ops::IndexDirectory;
use crate::storage::Error;
use crate::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};

/// Writes the declared accounts and users. Everything else in the index stays as it is.
pub(crate) async fn declare(
    installation: &Installation,
    accounts: &[DeclaredAccount],
) -> Result<(), Failure> {
    let index = &*installation.index;
    let directory = IndexDirectory::new(installation.index.clone(), installation.ring.clone());
    let mut users = Vec::<User<'_>>::new();
    for declared in accounts {
        let account = again(|| write_account(index, declared)).await?;
        for user in &declared.users {
            merge(&mut users, user, &declared.domain, &account);
        }
    }
    for user in users {
        let id = again(|| write_user(index, &user)).await?;
        for (account, key) in &user.access_keys {
            let entry = AccessKeyEntry {
                user: id.clone(),
                account: account.clone(),
                secret: key.secret.clone(),
                enabled: true,
            };
            directory
                .put_access_key(&key.access, &entry)
                .await
                .map_err(|error| Failure::run(key.access.clone(), error))?;
        }
    }
    Ok(())
}

/// Writes something, and tries once more if that failed: a gateway that starts at the same time may have
/// given the name an id, which is then found.
async fn again<T, F: Future<Output = Result<T, Failure>>>(write: impl Fn() -> F) -> Result<T, Failure> {
    match write().await {
        Err(Failure::Config(_)) => write().await,
        outcome => outcome,
    }
}

/// A user, gathered from the accounts it is declared under.
struct User<'a> {
    id: Option<&'a UserId>,
    name: &'a str,
    domain: &'a str,
    password: Option<&'a Secret>,
    tempauth: Option<&'a str>,
    roles: Vec<RoleGrant>,
    access_keys: Vec<(AccountId, &'a crate::config::DeclaredAccessKey)>,
}

fn merge<'a>(users: &mut Vec<User<'a>>, declared: &'a DeclaredUser, domain: &'a str, account: &AccountId) {
    let is_same = |user: &User<'_>| match (user.id, &declared.id) {
        (Some(a), Some(b)) => a == b,
        _ => user.name == declared.name && user.domain == domain,
    };
    let at = users.iter().position(is_same).unwrap_or_else(|| {
        users.push(User {
            id: declared.id.as_ref(),
            name: &declared.name,
            domain,
            password: None,
            tempauth: None,
            roles: Vec::new(),
            access_keys: Vec::new(),
        });
        users.len() - 1
    });
    let user = &mut users[at];
    user.id = user.id.or(declared.id.as_ref());
    user.password = user.password.or(declared.password.as_ref());
    user.tempauth = user.tempauth.or(declared.tempauth.as_deref());
    user.roles
        .extend(declared.roles.iter().map(|role| RoleGrant { account: account.clone(), role: role.clone() }));
    user.access_keys.extend(declared.access_keys.iter().map(|key| (account.clone(), key)));
}

async fn write_account(index: &dyn Index, declared: &DeclaredAccount) -> Result<AccountId, Failure> {
    let known = match &declared.id {
        Some(id) => index.account(id).await,
        None => index.account_by_name(&declared.domain, &declared.name).await,
    };
    let known = known.map_err(storage)?;
    let id = match (&declared.id, &known) {
        (Some(id), _) => id.clone(),
        (None, Some(account)) => account.id.clone(),
        (None, None) => AccountId::random(),
    };
    let record = AccountRecord {
        id: id.clone(),
        name: declared.name.clone(),
        domain: declared.domain.clone(),
        display_name: declared.display_name.clone().unwrap_or_else(|| declared.name.clone()),
        email: declared.email.clone(),
        created: Timestamp::now(),
        metadata: <_>::default(),
    };
    index.put_account(record).await.map_err(|error| refused("accounts", &declared.name, error))?;
    Ok(id)
}

async fn write_user(index: &dyn Index, user: &User<'_>) -> Result<UserId, Failure> {
    let known = match user.id {
        Some(id) => index.user(id).await,
        None => index.user_by_name(user.domain, user.name).await,
    };
    let known = known.map_err(storage)?;
    let (password_hash, epoch) = password(user, known.as_ref())?;
    let record = UserRecord {
        id: user.id.cloned().or(known.map(|known| known.id)).unwrap_or_else(UserId::random),
        name: user.name.to_owned(),
        domain: user.domain.to_owned(),
        tempauth: user.tempauth.map(str::to_owned),
        password_hash,
        epoch,
        enabled: true,
    };
    let id = record.id.clone();
    index
        .put_user(record, user.roles.clone())
        .await
        .map_err(|error| refused("accounts.users", user.name, error))?;
    Ok(id)
}

/// The password's hash, and the epoch of the user's tokens. A changed password ends the tokens.
fn password(user: &User<'_>, known: Option<&UserRecord>) -> Result<(Option<String>, i64), Failure> {
    let epoch = known.map_or(0, |known| known.epoch);
    let old = known.and_then(|known| known.password_hash.as_deref());
    match (user.password, old) {
        (Some(password), Some(old)) if verify_password(old, password.expose()) => {
            Ok((Some(old.to_owned()), epoch))
        }
        (Some(password), old) => {
            let hash = hash_password(password.expose())
                .map_err(|error| Failure::run(user.name.to_owned(), error))?;
            Ok((Some(hash), epoch + i64::from(old.is_some())))
        }
        (None, Some(_)) => Ok((None, epoch + 1)),
        (None, None) => Ok((None, epoch)),
    }
}

/// If the index refuses a name, that is a mistake of the file.
fn refused(setting: &str, name: &str, error: Error) -> Failure {
    match error {
        Error::Unavailable(_) => storage(error),
        error => {
            ConfigError::new(setting, format!("{name:?}"), "names that no other id has").because(error).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(id: Option<&str>, name: &str, password: Option<&str>) -> DeclaredUser {
        DeclaredUser {
            id: id.map(UserId::new),
            name: name.to_owned(),
            password: password.map(Secret::new),
            tempauth: None,
            roles: vec!["admin".to_owned()],
            access_keys: Vec::new(),
        }
    }

    #[test]
    fn a_user_under_two_accounts_is_one() {
        let (a, b) = (AccountId::new("a"), AccountId::new("b"));
        let users = [
            (declared(Some("u"), "user", Some("p")), &a),
            (declared(Some("u"), "user", None), &b),
            (declared(None, "other", None), &a),
            (declared(None, "other", Some("q")), &b),
        ];
        let mut merged = Vec::new();
        for (user, account) in &users {
            merge(&mut merged, user, "default", account);
        }
        assert_eq!(merged.iter().map(|user| user.name).collect::<Vec<_>>(), ["user", "other"]);
        assert!(merged.iter().all(|user| user.roles.len() == 2 && user.password.is_some()));
    }

    #[test]
    fn only_a_changed_password_ends_tokens() {
        let (p, q) = (declared(None, "user", Some("p")), declared(None, "user", Some("q")));
        let gather = |user| {
            let mut users = Vec::new();
            merge(&mut users, user, "default", &AccountId::new("a"));
            users.remove(0)
        };
        let (hash, epoch) = password(&gather(&p), None).unwrap();
        assert_eq!(epoch, 0);
        let known = UserRecord {
            id: UserId::new("u"),
            name: "user".into(),
            domain: "default".into(),
            tempauth: None,
            password_hash: hash.clone(),
            epoch: 5,
            enabled: true,
        };
        assert_eq!(password(&gather(&p), Some(&known)).unwrap(), (hash.clone(), 5));
        let (changed, epoch) = password(&gather(&q), Some(&known)).unwrap();
        assert!(changed != hash && epoch == 6);
    }
}
