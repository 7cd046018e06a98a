//! The root account: the first one, whose credentials `credentials.env` holds.

use std::path::Path;

use zeroize::Zeroizing;

use super::{Installation, storage};
use crate::cli::Failure;
use crate::config::Config;
use crate::identity::{AccessKeyEntry, Secret, hash_password};
use crate::model::{AccountId, InstallId, Timestamp, UserId};
use crate::ops::IndexDirectory;
use crate::server::files::credentials::{Credentials, Place, render};
use crate::server::files::{self, Access, credentials};
use crate::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};

/// The name of the account and of its user.
const ROOT: &str = "root";
/// Its domain.
const DOMAIN: &str = "default";
/// Its role in its own account; it has none in others.
const ROLE: &str = "admin";

/// What was found of the root account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    /// It has been there.
    Known,
    /// It was made now, with fresh credentials.
    Made,
}

/// Makes the root account if it is not there. One whose making was interrupted is made again, unless other gateways use the same
/// index: then it may be another one's.
pub async fn ensure(config: &Config, installation: &Installation, place: Place<'_>) -> Result<Root, Failure> {
    let known = installation.index.user_by_name(DOMAIN, ROOT).await.map_err(storage)?.is_some();
    if known && (config.shares_index() || !files::pending(&config.credentials()).exists()) {
        relocate(&config.credentials(), place);
        return Ok(Root::Known);
    }
    let whose = if config.shares_index() { Whose::FirstComer } else { Whose::Mine };
    set(config, installation, place, whose).await
}

/// Gives the root account a new password and S3 key. The old ones stop working; tokens of old are revoked.
pub async fn renew(config: &Config, installation: &Installation, place: Place<'_>) -> Result<(), Failure> {
    set(config, installation, place, Whose::Mine).await.map(|_| ())
}

/// Who sets the root account's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// This process, whatever they were.
    Mine,
    /// Whichever of several gateways comes first.
    FirstComer,
}

/// The file is written first, under another name, so that no credentials are set that nobody knows.
async fn set(
    config: &Config,
    installation: &Installation,
    place: Place<'_>,
    whose: Whose,
) -> Result<Root, Failure> {
    let credentials = Credentials {
        user: ROOT.to_owned(),
        password: Secret::new(random_text(16)?),
        account: ROOT.to_owned(),
        access: access_key(installation.id),
        secret: Secret::new(random_text(20)?),
    };
    let path = config.credentials();
    let failed = |error| Failure::run("credentials.env", error);
    write_aws_config(place).map_err(failed)?;
    let pending = files::pending(&path);
    files::write_pending(&pending, render(&credentials, place).as_bytes(), Access::Private)
        .map_err(failed)?;
    let root = write_records(installation, &credentials, whose).await?;
    match root {
        Root::Made => files::publish(&pending, &path).map_err(failed)?,
        Root::Known => std::fs::remove_file(&pending).map_err(failed)?,
    }
    Ok(root)
}

/// Writes what `credentials.env` refers to.
fn write_aws_config(place: Place<'_>) -> std::io::Result<()> {
    let text = credentials::AWS_CONFIG;
    if std::fs::read_to_string(place.aws_config).is_ok_and(|found| found == text) {
        return Ok(());
    }
    files::write(place.aws_config, text.as_bytes(), Access::Public)
}

/// Lets `credentials.env` say where the gateway is now, if it is still there.
fn relocate(path: &Path, place: Place<'_>) {
    let Ok(text) = std::fs::read_to_string(path).map(Zeroizing::new) else { return };
    if let Err(error) = write_aws_config(place) {
        tracing::warn!(path = ?place.aws_config, %error, "the settings of the aws command are missing");
    }
    let Some(text) = credentials::relocate(&text, place) else { return };
    match files::write(path, text.as_bytes(), Access::Private) {
        Ok(()) => tracing::info!(?path, "the endpoint was brought up to date"),
        Err(error) => tracing::warn!(?path, %error, "the endpoint is out of date"),
    }
}

async fn write_records(
    installation: &Installation,
    credentials: &Credentials,
    whose: Whose,
) -> Result<Root, Failure> {
    let index = &installation.index;
    let account = write_account(&**index).await?;
    let known = match whose {
        Whose::Mine => index.user_by_name(DOMAIN, ROOT).await.map_err(storage)?,
        // The name is free for one user: whoever does not get it has come too late.
        Whose::FirstComer => None,
    };
    let hash =
        hash_password(credentials.password.expose()).map_err(|error| Failure::run("root password", error))?;
    let user = UserRecord {
        id: known.as_ref().map_or_else(UserId::random, |user| user.id.clone()),
        name: ROOT.to_owned(),
        domain: DOMAIN.to_owned(),
        tempauth: Some(format!("{ROOT}:{ROOT}")),
        password_hash: Some(hash),
        epoch: known.map_or(0, |user| user.epoch + 1),
        enabled: true,
    };
    let id = user.id.clone();
    let roles = vec![RoleGrant { account: account.clone(), role: ROLE.to_owned() }];
    if let Err(error) = index.put_user(user, roles).await {
        let stands = index.user_by_name(DOMAIN, ROOT).await.map_err(storage)?;
        let is_late = whose == Whose::FirstComer && stands.is_some_and(|user| user.id != id);
        return if is_late { Ok(Root::Known) } else { Err(storage(error)) };
    }

    let key = AccessKeyEntry { user: id, account, secret: credentials.secret.clone(), enabled: true };
    let directory = IndexDirectory::new(index.clone(), installation.ring.clone());
    directory
        .put_access_key(&credentials.access, &key)
        .await
        .map_err(|error| Failure::run("root S3 key", error))?;
    Ok(Root::Made)
}

/// Makes the account if it is not there, or finds the one that another gateway makes now.
async fn write_account(index: &dyn Index) -> Result<AccountId, Failure> {
    let find = || async { index.account_by_name(DOMAIN, ROOT).await.map_err(storage) };
    if let Some(account) = find().await? {
        return Ok(account.id);
    }
    let record = AccountRecord {
        id: AccountId::random(),
        name: ROOT.to_owned(),
        domain: DOMAIN.to_owned(),
        display_name: ROOT.to_owned(),
        email: None,
        created: Timestamp::now(),
        metadata: std::collections::BTreeMap::default(),
    };
    let id = record.id.clone();
    match index.put_account(record).await {
        Ok(()) => Ok(id),
        Err(error) => find().await?.map(|account| account.id).ok_or_else(|| storage(error)),
    }
}

/// The S3 access key follows from the installation, so that a new secret takes the place of the old one even when
/// nobody remembers which key that was. It is not secret.
fn access_key(install: InstallId) -> String {
    format!("CARDEA{}", hex::encode_upper(&install.as_bytes()[..7]))
}

/// Random hexadecimal digits: nothing that a shell, a URL or a client trips over.
fn random_text(bytes: usize) -> Result<String, Failure> {
    let mut random = Zeroizing::new(vec![0; bytes]);
    getrandom::fill(&mut random).map_err(|error| Failure::run("randomness", error))?;
    Ok(hex::encode(&*random))
}
