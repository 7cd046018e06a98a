//! The root account: the first one, whose credentials `credentials.env` holds.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Installation, storage};
use crate::config::Config;
use crate::failure::Failure;
use crate::identity::{AccessKeyEntry, Secret, hash_password, verify_password};
use crate::model::{AccountId, InstallId, Timestamp, UserId};
use crate::ops::IndexDirectory;
use crate::server::files::credentials::{ClientSettings, Credentials, render};
use crate::server::files::{self, Access, credentials};
use crate::storage::index::{AccountRecord, Index, RoleGrant, UserRecord};

/// The name of the account and of its user.
const ROOT: &str = "root";
const DOMAIN: &str = "default";
/// Its role in its own account; it has none in others.
const ROLE: &str = "admin";

/// The state of the root account at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Root {
    /// It existed before.
    Known,
    /// It was made now, with fresh credentials.
    Made,
}

/// How long a process that sets credentials waits for another one that does the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the root account if it does not exist, and finishes an interrupted change of its credentials.
pub(crate) async fn ensure(
    config: &Config,
    installation: &Installation,
    settings: ClientSettings<'_>,
) -> Result<Root, Failure> {
    let lock = files::lock_in_turn(&config.credentials_lock(), PATIENCE).await;
    let user = installation.index.user_by_name(DOMAIN, ROOT).await.map_err(storage)?;
    let _lock = match lock {
        // If there is nothing to set, a full disk or a lock that another process holds for long does not
        // prevent the start.
        Err(error) if user.is_some() && !config.coming_credentials().exists() => {
            tracing::warn!(%error, "credentials.env was not looked at: its endpoint may be out of date");
            return Ok(Root::Known);
        }
        lock => lock.map_err(failed)?,
    };
    let Some(user) = user else {
        let whose = if config.shares_index() { Whose::FirstComer } else { Whose::Mine };
        return set(config, installation, settings, whose).await;
    };
    let root = finish(config, installation, user).await?;
    if let Err(error) = files::remove_drafts(&config.credentials()) {
        tracing::warn!(%error, "drafts of credentials.env were not removed");
    }
    relocate(&config.credentials(), settings);
    Ok(root)
}

/// Gives the root account a new password and S3 key. The old ones stop working, and old tokens are revoked.
pub(crate) async fn renew(
    config: &Config,
    installation: &Installation,
    settings: ClientSettings<'_>,
) -> Result<(), Failure> {
    let _lock = files::lock_in_turn(&config.credentials_lock(), PATIENCE).await.map_err(failed)?;
    // If this process is killed, too, the file in place is right.
    if let Some(user) = installation.index.user_by_name(DOMAIN, ROOT).await.map_err(storage)? {
        finish(config, installation, user).await?;
    }
    set(config, installation, settings, Whose::Mine).await.map(|_| ())
}

/// Which process sets the root account's credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// This process, in any case.
    Mine,
    /// The first of several gateways.
    FirstComer,
}

/// The file is written first, under another name: otherwise credentials could be set that nobody knows.
async fn set(
    config: &Config,
    installation: &Installation,
    settings: ClientSettings<'_>,
    whose: Whose,
) -> Result<Root, Failure> {
    let credentials = Credentials {
        user: ROOT.to_owned(),
        password: Secret::new(random_text(16)?),
        account: ROOT.to_owned(),
        access: access_key(installation.id),
        secret: Secret::new(random_text(20)?),
    };
    let coming = config.coming_credentials();
    write_aws_config(settings).map_err(failed)?;
    files::write(&coming, render(&credentials, settings).as_bytes(), Access::Private).map_err(failed)?;
    let root = write_records(installation, &credentials, whose).await?;
    match root {
        Root::Made => files::rename(&coming, &config.credentials()).map_err(failed)?,
        Root::Known => std::fs::remove_file(&coming).map_err(failed)?,
    }
    Ok(root)
}

/// Finishes an interrupted change of the credentials. If the index has the new password already, the file
/// gets its name: nobody knows another password. Otherwise the new file is removed, and the old credentials
/// stay.
async fn finish(config: &Config, installation: &Installation, user: UserRecord) -> Result<Root, Failure> {
    let (path, coming) = (config.credentials(), config.coming_credentials());
    let begun = match std::fs::read(&coming).map(Zeroizing::new) {
        Ok(text) => read(&text).filter(|found| found.access == access_key(installation.id)),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Root::Known),
        Err(error) => {
            tracing::warn!(%error, path = ?coming, "what was begun of the root credentials was not looked at");
            return Ok(Root::Known);
        }
    };
    // Older versions used this name to write a new endpoint. Then both files hold the same credentials.
    let published = std::fs::read(&path).map(Zeroizing::new).ok().and_then(|text| read(&text));
    let is_published = |begun: &Credentials| {
        published.as_ref().is_some_and(|it| it.password == begun.password && it.secret == begun.secret)
    };
    let has = |begun: &Credentials| {
        user.password_hash.as_ref().is_some_and(|hash| verify_password(hash, begun.password.expose()))
    };
    let Some(begun) = begun.filter(|begun| !is_published(begun) && has(begun)) else {
        std::fs::remove_file(&coming).map_err(failed)?;
        if !published.as_ref().is_some_and(has) {
            tracing::warn!(
                ?path,
                "these are not the root credentials: cardea credentials reset makes new ones"
            );
        }
        return Ok(Root::Known);
    };
    let account = write_account(&*installation.index).await?;
    write_key(installation, &begun, user.id, account).await?;
    files::rename(&coming, &path).map_err(failed)?;
    Ok(Root::Made)
}

fn read(text: &[u8]) -> Option<Credentials> {
    credentials::read(std::str::from_utf8(text).ok()?)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::run("credentials.env", error)
}

/// Writes the file that `credentials.env` refers to.
fn write_aws_config(settings: ClientSettings<'_>) -> std::io::Result<()> {
    let text = credentials::AWS_CONFIG;
    if std::fs::read_to_string(settings.aws_config).is_ok_and(|found| found == text) {
        return Ok(());
    }
    files::write(settings.aws_config, text.as_bytes(), Access::Public)
}

/// Brings the client settings in `credentials.env` up to date, if the file still exists.
fn relocate(path: &Path, settings: ClientSettings<'_>) {
    let Ok(text) = std::fs::read_to_string(path).map(Zeroizing::new) else { return };
    if let Err(error) = write_aws_config(settings) {
        tracing::warn!(path = ?settings.aws_config, %error, "the settings of the aws command are missing");
    }
    let Some(text) = credentials::relocate(&text, settings) else { return };
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
        // Only one user can get the name: a gateway that does not get it came too late.
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
    write_key(installation, credentials, id, account).await?;
    Ok(Root::Made)
}

async fn write_key(
    installation: &Installation,
    credentials: &Credentials,
    user: UserId,
    account: AccountId,
) -> Result<(), Failure> {
    let key = AccessKeyEntry { user, account, secret: credentials.secret.clone(), enabled: true };
    let directory = IndexDirectory::new(installation.index.clone(), installation.ring.clone());
    let written = directory.put_access_key(&credentials.access, &key).await;
    written.map_err(|error| Failure::run("root S3 key", error))
}

/// Makes the account if it does not exist, or finds the one that another gateway has just made.
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

/// The S3 access key follows from the installation, so that a new secret always replaces the old one, even if
/// nobody remembers that key. The access key is not secret.
fn access_key(install: InstallId) -> String {
    format!("CARDEA{}", hex::encode_upper(&install.as_bytes()[..7]))
}

/// Random hexadecimal digits: they are safe in shells, URLs and clients.
fn random_text(bytes: usize) -> Result<String, Failure> {
    let mut random = Zeroizing::new(vec![0; bytes]);
    getrandom::fill(&mut random).map_err(|error| Failure::run("randomness", error))?;
    Ok(hex::encode(&*random))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::config::{Flags, Sources};
    use crate::identity::Directory;
    use crate::server::start::open;
    use crate::server::tls::Site;

    struct World {
        config: Config,
        site: Site,
        installation: Installation,
        _folder: tempfile::TempDir,
    }

    impl World {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let flags = Flags::from([("data", folder.path().join("data").display().to_string())]);
            let config = Config::load(&Sources { file: None, flags, environment: &|_| None }).unwrap();
            let installation = open(&config).await.unwrap();
            Self { site: Site::of(&config).unwrap(), config, installation, _folder: folder }
        }

        async fn start(&self) -> Root {
            ensure(&self.config, &self.installation, self.site.client_settings()).await.unwrap()
        }

        async fn user(&self) -> UserRecord {
            self.installation.index.user_by_name(DOMAIN, ROOT).await.unwrap().unwrap()
        }

        /// The account's credentials, which must be those of the file.
        async fn credentials(&self) -> Zeroizing<String> {
            let text = Zeroizing::new(std::fs::read_to_string(self.config.credentials()).unwrap());
            let found = credentials::read(&text).unwrap();
            assert!(verify_password(&self.user().await.password_hash.unwrap(), found.password.expose()));
            let directory =
                IndexDirectory::new(self.installation.index.clone(), self.installation.ring.clone());
            let key = directory.access_key(&found.access).await.unwrap().unwrap();
            assert_eq!(key.secret, found.secret);
            assert!(!self.config.coming_credentials().exists());
            text
        }
    }

    #[tokio::test]
    async fn an_interrupted_update_of_the_endpoint_leaves_the_account_as_it_is() {
        let world = World::new().await;
        assert_eq!(world.start().await, Root::Made);
        let (user, text) = (world.user().await, world.credentials().await);
        // The file as older versions left it: whole, or cut by a full disk.
        let there = ClientSettings { endpoint: "https://elsewhere", ..world.site.client_settings() };
        let elsewhere = credentials::relocate(&text, there).unwrap();
        let password = text.find("OS_PASSWORD").unwrap();
        for leftover in [&*elsewhere, &text[..password + 100], &text[..password + 20], &text[..100], ""] {
            std::fs::write(world.config.coming_credentials(), leftover).unwrap();
            assert_eq!(world.start().await, Root::Known);
            assert_eq!((world.user().await, world.credentials().await), (user.clone(), text.clone()));
        }
    }

    #[tokio::test]
    async fn an_update_does_not_use_the_name_of_new_credentials() {
        let world = World::new().await;
        world.start().await;
        let text = world.credentials().await;
        // Whatever has that name, an update does not touch it.
        std::fs::create_dir(world.config.coming_credentials()).unwrap();
        let settings = ClientSettings { endpoint: "https://elsewhere", ..world.site.client_settings() };
        relocate(&world.config.credentials(), settings);
        let moved = std::fs::read_to_string(world.config.credentials()).unwrap();
        assert_eq!(Some(moved), credentials::relocate(&text, settings).map(|text| text.to_string()));
    }

    #[tokio::test]
    async fn an_interrupted_creation_is_finished() {
        let world = World::new().await;
        world.start().await;
        let (user, text) = (world.user().await, world.credentials().await);
        std::fs::rename(world.config.credentials(), world.config.coming_credentials()).unwrap();
        assert_eq!(world.start().await, Root::Made);
        assert_eq!((world.user().await, world.credentials().await), (user, text));
        assert_eq!(world.start().await, Root::Known);
    }

    #[tokio::test]
    async fn a_reset_finishes_an_interrupted_one() {
        let world = World::new().await;
        world.start().await;
        let old = world.credentials().await;
        renew(&world.config, &world.installation, world.site.client_settings()).await.unwrap();
        let begun = world.credentials().await;
        std::fs::rename(world.config.credentials(), world.config.coming_credentials()).unwrap();
        std::fs::write(world.config.credentials(), &*old).unwrap();
        // This reset fails.
        let settings = ClientSettings { aws_config: &world.config.data, ..world.site.client_settings() };
        renew(&world.config, &world.installation, settings).await.unwrap_err();
        assert_eq!(world.credentials().await, begun);
    }

    #[tokio::test]
    async fn an_unreadable_file_does_not_prevent_the_start() {
        let world = World::new().await;
        world.start().await;
        std::fs::create_dir(world.config.coming_credentials()).unwrap();
        assert_eq!(world.start().await, Root::Known);
    }

    #[tokio::test]
    async fn drafts_of_the_credentials_are_removed() {
        let world = World::new().await;
        world.start().await;
        let draft = world.config.data.join("credentials.env.new.0123456789abcdef.tmp");
        std::fs::write(&draft, "secret").unwrap();
        world.start().await;
        assert!(!draft.exists() && world.config.credentials().exists());
    }

    #[tokio::test]
    async fn processes_set_the_credentials_in_turn() {
        let world = World::new().await;
        world.start().await;
        let renewed = || async {
            renew(&world.config, &world.installation, world.site.client_settings()).await.unwrap();
        };
        let held = files::lock_in_turn(&world.config.credentials_lock(), PATIENCE).await.unwrap();
        let text = world.credentials().await;
        {
            let mut waits = std::pin::pin!(renewed());
            // It goes as far as it can; nobody else uses the index.
            assert!(timeout(Duration::from_millis(200), &mut waits).await.is_err());
            assert_eq!(world.credentials().await, text);
            drop(held);
            waits.await;
        }
        assert_ne!(world.credentials().await, text);
        tokio::join!(renewed(), renewed(), world.start(), renewed());
        world.credentials().await;

        // If no lock can be made, an existing account is good as it is.
        std::fs::remove_file(world.config.credentials_lock()).unwrap();
        std::fs::create_dir(world.config.credentials_lock()).unwrap();
        assert_eq!(world.start().await, Root::Known);
    }

    #[tokio::test]
    async fn a_reset_that_was_killed_before_the_index_changed_has_no_effect() {
        let world = World::new().await;
        world.start().await;
        let (user, text) = (world.user().await, world.credentials().await);
        let mut other = credentials::read(&text).unwrap();
        other.password = Secret::new("never set");
        let begun = render(&other, world.site.client_settings());
        std::fs::write(world.config.coming_credentials(), begun.as_bytes()).unwrap();
        assert_eq!(world.start().await, Root::Known);
        assert_eq!((world.user().await, world.credentials().await), (user, text));
    }
}
