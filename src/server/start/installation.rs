//! The installation: an index, a blob store and a key ring that belong together, or no start.
//!
//! A ring is generated only if index and store are both empty. If a part is missing (the ring of an index,
//! the index of a store, the store of an index), something was not mounted or not restored. To go on would
//! hide that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{database, storage};
use crate::config::{Config, ConfigError, IndexUrl, StoreUrl};
use crate::encryption::KeyRing;
use crate::failure::Failure;
use crate::model::InstallId;
use crate::server::files::{self, Lock, keyring};
use crate::storage::Error;
use crate::storage::blobs::{BlobOptions, BlobStore, CloudOptions};
use crate::storage::disk::DiskSpace;
use crate::storage::index::postgres::PostgresIndex;
use crate::storage::index::rows::Mark;
use crate::storage::index::sqlite::SqliteIndex;
use crate::storage::index::{Index, Install};

/// The purpose that the canary is sealed for.
const CANARY: &str = "install-canary";
/// What it says.
const CANARY_TEXT: &[u8] = b"cardea";

/// How long a starting gateway waits for a command to leave the data folder. If that takes longer, it is an
/// error.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open installation. No other process has its data folder, unless it was opened [`beside`] a gateway.
pub(crate) struct Installation {
    pub id: InstallId,
    pub index: Arc<dyn Index>,
    /// Its connections to a database, for the metrics.
    pub database: Option<Arc<PostgresIndex>>,
    pub blobs: BlobStore,
    /// Its key ring.
    pub ring: KeyRing,
    /// The data folder's lock, held as long as the installation is open.
    _lock: Option<Lock>,
}

/// The parts, before it is checked that they belong together.
struct Parts {
    index: Arc<dyn Index>,
    database: Option<Arc<PostgresIndex>>,
    blobs: BlobStore,
    ring: Option<KeyRing>,
    lock: Option<Lock>,
}

impl Parts {
    fn belong(self, id: InstallId, ring: KeyRing) -> Installation {
        let Self { index, database, blobs, lock, .. } = self;
        Installation { id, index, database, blobs, ring, _lock: lock }
    }
}

/// Opens the installation, and makes one if there is none.
pub(crate) async fn open(config: &Config) -> Result<Installation, Failure> {
    files::private_folder(&config.data).map_err(|error| {
        ConfigError::new("data", config.data.display().to_string(), "a folder that can be made")
            .because(error)
    })?;
    let parts = parts(config, Opening::Serve).await?;
    whole(&*parts.index).await?;
    stays(&*parts.index).await?;
    match parts.index.install().await.map_err(storage)? {
        Some(install) => existing(config, parts, install).await,
        None if config.shares_index() => join(config, parts).await,
        None => make(config, parts).await,
    }
}

/// Opens an existing installation. Never makes one.
pub(crate) async fn found(config: &Config) -> Result<Installation, Failure> {
    let installation = stands(config, Opening::Own).await?;
    stays(&*installation.index).await?;
    Ok(installation)
}

/// Opens an existing installation to read it, beside a gateway that may run on it.
pub(crate) async fn beside(config: &Config) -> Result<Installation, Failure> {
    let installation = stands(config, Opening::Beside).await?;
    stays(&*installation.index).await?;
    Ok(installation)
}

/// Opens an existing installation, even if its index was carried into another.
pub(crate) async fn found_or_moved(config: &Config) -> Result<Installation, Failure> {
    stands(config, Opening::Own).await
}

async fn stands(config: &Config, opening: Opening) -> Result<Installation, Failure> {
    let nothing = || {
        ConfigError::new(
            "data",
            format!("no installation in {}", config.data.display()),
            "the data folder of a gateway",
        )
    };
    let opening = match config.index() {
        IndexUrl::File(path) if path.exists() && config.data.exists() => opening,
        // Gateways may run on this index.
        IndexUrl::Postgres(_) => Opening::Beside,
        IndexUrl::File(_) | IndexUrl::Memory => return Err(nothing().into()),
    };
    let parts = parts(config, opening).await?;
    whole(&*parts.index).await?;
    let install = parts.index.install().await.map_err(storage)?.ok_or_else(|| match config.index() {
        IndexUrl::Postgres(_) => ConfigError::new("index", "an empty database", "the index of a gateway"),
        IndexUrl::File(_) | IndexUrl::Memory => nothing(),
    })?;
    existing(config, parts, install).await
}

/// How an installation is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Opening {
    /// With the data folder for this process alone.
    Own,
    /// The same for a gateway, which waits for a command that ends soon.
    Serve,
    /// Beside other processes that have it open.
    Beside,
}

async fn parts(config: &Config, opening: Opening) -> Result<Parts, Failure> {
    let lock = match opening {
        Opening::Own => Some(files::lock(&config.lock())?),
        Opening::Serve => Some(files::lock_within(&config.lock(), PATIENCE).await?),
        Opening::Beside => None,
    };
    let (index, database) = opened(config, &config.index(), "index", opening).await?;
    Ok(Parts { index, database, blobs: blobs(config)?, ring: keyring::load(&config.keyring())?, lock })
}

/// Opens an index for this process; `setting` names it.
pub(crate) async fn index(config: &Config, url: &IndexUrl, setting: &str) -> Result<Arc<dyn Index>, Failure> {
    Ok(opened(config, url, setting, Opening::Own).await?.0)
}

async fn opened(
    config: &Config,
    url: &IndexUrl,
    setting: &str,
    opening: Opening,
) -> Result<(Arc<dyn Index>, Option<Arc<PostgresIndex>>), Failure> {
    let open = match opening {
        Opening::Own | Opening::Serve => SqliteIndex::open,
        Opening::Beside => SqliteIndex::open_beside,
    };
    Ok(match url {
        IndexUrl::File(path) => {
            let index = open(path).map_err(|error| {
                let expected = "an index that this process can open";
                ConfigError::new(setting, path.display().to_string(), expected).because(error)
            })?;
            (Arc::new(index), None)
        }
        IndexUrl::Memory => (Arc::new(SqliteIndex::open_in_memory().map_err(storage)?), None),
        IndexUrl::Postgres(url) => {
            let database = match opening {
                Opening::Own | Opening::Serve => database::open(config, url).await?,
                Opening::Beside => database::beside(config, url).await?,
            };
            let database = Arc::new(database);
            (database.clone(), Some(database))
        }
    })
}

/// Opens the blob store.
pub(crate) fn blobs(config: &Config) -> Result<BlobStore, Failure> {
    BlobStore::open(&config.store().to_string(), &blob_options(config)?)
        .map_err(|error| ConfigError::new("store", "", "a store that can be opened").because(error).into())
}

/// An index into which rows are being loaded is not whole.
async fn whole(index: &dyn Index) -> Result<(), Failure> {
    match index.rows().mark(Mark::Loading).await.map_err(storage)? {
        None => Ok(()),
        Some(source) => {
            let found = format!("one that is being loaded from {source} and not whole");
            let expected = "a whole one: run the same restore or migration again, it goes on where it ended";
            Err(ConfigError::new("index", found, expected).into())
        }
    }
}

/// An index that was carried into another must not be used any more: the other may need the blobs that this
/// one would delete.
pub(crate) async fn stays(index: &dyn Index) -> Result<(), Failure> {
    match index.rows().mark(Mark::Moved).await.map_err(storage)? {
        None => Ok(()),
        Some(to) => {
            let found =
                format!("one that was carried into {to}, which may need the blobs that it would delete");
            let expected =
                format!("{to}; or, to return to the old one, run cardea migrate-index --back first");
            Err(ConfigError::new("index", found, expected).into())
        }
    }
}

fn blob_options(config: &Config) -> Result<BlobOptions, ConfigError> {
    let read = |path: &std::path::PathBuf| {
        let unreadable = |error: std::io::Error| {
            let expected = "a file of certificates that can be read";
            ConfigError::new("store_ca", path.display().to_string(), expected).because(error)
        };
        std::fs::read(path).map_err(unreadable)
    };
    Ok(BlobOptions {
        disk: disk_space(config),
        buffer_budget: usize::try_from(config.upload_buffer_bytes).unwrap_or(usize::MAX),
        cloud: CloudOptions {
            endpoint: config.store_endpoint.clone(),
            region: config.store_region.clone(),
            path_style: config.store_path_style,
            ca: config.store_ca.as_ref().map(read).transpose()?,
            read_timeout: config.store_read_timeout,
            retry_timeout: config.store_retry_timeout,
        },
    })
}

/// The free space on every disk that is written to. If index and store are both elsewhere, the data folder
/// does not count: it is written at the start only.
fn disk_space(config: &Config) -> DiskSpace {
    let is_scratch = matches!((config.index(), config.store()), (IndexUrl::Postgres(_), StoreUrl::Cloud(_)));
    let mut folders = Vec::new();
    if !is_scratch {
        folders.push(("data", config.data.clone()));
    }
    if let IndexUrl::File(path) = config.index() {
        let here = || Path::new(".");
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(here);
        folders.push(("index", folder.to_owned()));
    }
    if let StoreUrl::Folder(folder) = config.store() {
        folders.push(("store", folder));
    }
    DiskSpace::new(folders, config.disk_reserve)
}

/// An existing installation: ring and store must belong to it.
async fn existing(config: &Config, parts: Parts, install: Install) -> Result<Installation, Failure> {
    let path = config.keyring();
    let its_own = format!("the key ring of the installation {}", install.id);
    let ring = parts
        .ring
        .clone()
        .ok_or_else(|| ConfigError::new("keyring", format!("no file {}", path.display()), &its_own))?;
    match ring.open_secret(CANARY, install.id.as_bytes(), &install.canary) {
        Ok(text) if text.as_slice() == CANARY_TEXT => {}
        _ => {
            return Err(ConfigError::new(
                "keyring",
                format!("another key ring in {}", path.display()),
                its_own,
            )
            .into());
        }
    }
    claimed(config, &parts, install.id).await?;
    if parts.lock.is_some() {
        forget_claim(&config.claim());
    }
    Ok(parts.belong(install.id, ring))
}

/// The store must belong to the installation. If the installation was only begun, the store is claimed now.
async fn claimed(config: &Config, parts: &Parts, id: InstallId) -> Result<(), Failure> {
    let mut found = parts.blobs.install_id().await.map_err(storage)?;
    if found.is_none() {
        if config.store() == StoreUrl::Memory || is_begun(config, parts).await? {
            return parts.blobs.claim(id).await.map_err(storage);
        }
        // Another starting gateway may have claimed the store meanwhile.
        found = parts.blobs.install_id().await.map_err(storage)?;
    }
    if found == Some(id) {
        return Ok(());
    }
    let found = found.map_or("a folder without cardea.json".to_owned(), |id| format!("the store of {id}"));
    Err(ConfigError::new("store", found, format!("the store of the installation {id}")).into())
}

/// Whether a shared installation was begun, but its store is not claimed yet: then neither holds anything.
async fn is_begun(config: &Config, parts: &Parts) -> Result<bool, Failure> {
    if !config.shares_index() {
        return Ok(false);
    }
    let blobs = parts.index.blobs_after(None, 1).await.map_err(storage)?;
    let buckets = parts.index.buckets_after(None, 1).await.map_err(storage)?;
    Ok(blobs.is_empty() && buckets.is_empty() && parts.blobs.is_empty().await.map_err(storage)?)
}

/// A new installation in a shared index. If several gateways start at once, one writes the record, and all of
/// them then open it. The ring is never generated here: the other gateways would not have it.
async fn join(config: &Config, parts: Parts) -> Result<Installation, Failure> {
    let Some(ring) = &parts.ring else {
        let found = format!("no file {}", config.keyring().display());
        let expected =
            "the key ring that all gateways on this index share: cardea keyring generate makes one";
        return Err(ConfigError::new("keyring", found, expected).into());
    };
    let store = parts.blobs.install_id().await.map_err(storage)?;
    let is_empty = store.is_none() && parts.blobs.is_empty().await.map_err(storage)?;
    // The files in the store may be from another gateway that came first.
    let is_taken = parts.index.install().await.map_err(storage)?.is_some();
    match store {
        _ if is_taken || is_empty => {}
        Some(id) => {
            let expected = format!("the index of the installation {id}, whose blobs are in the store");
            return Err(ConfigError::new("index", "an empty index", expected).into());
        }
        None => return Err(strange_store().into()),
    }
    let id = InstallId::random();
    let canary = ring.seal_secret(CANARY, id.as_bytes(), CANARY_TEXT);
    match parts.index.create_install(Install { id, canary }).await {
        Ok(()) | Err(Error::PreconditionFailed) => {}
        Err(error) => return Err(storage(error)),
    }
    let install = parts.index.install().await.map_err(storage)?;
    let install = install.ok_or_else(|| Failure::run("index", "what was written is not there"))?;
    existing(config, parts, install).await
}

fn strange_store() -> ConfigError {
    ConfigError::new("store", "files that are not Cardea's", "an empty store, as the index is empty")
}

/// A new installation. If it is interrupted at any step, the next start goes on. The ring is kept, and the
/// store is recognised by the claim, which was written before.
async fn make(config: &Config, parts: Parts) -> Result<Installation, Failure> {
    let Parts { index, blobs, ring, .. } = &parts;
    let noted = noted_claim(&config.claim());
    let id = match blobs.install_id().await.map_err(storage)? {
        Some(id) if Some(id) == noted => id,
        Some(id) => {
            let expected = format!("the index of the installation {id}, whose blobs are in the store");
            return Err(ConfigError::new("index", "an empty index", expected).into());
        }
        None if blobs.is_empty().await.map_err(storage)? => InstallId::random(),
        None => return Err(strange_store().into()),
    };
    let ring = match ring {
        Some(ring) => ring.clone(),
        None => new_ring(&config.keyring())?,
    };
    let claim = config.claim();
    files::write(&claim, id.to_string().as_bytes(), files::Access::Private)
        .map_err(|error| Failure::run("data", error))?;
    blobs.claim(id).await.map_err(storage)?;
    let canary = ring.seal_secret(CANARY, id.as_bytes(), CANARY_TEXT);
    index.create_install(Install { id, canary }).await.map_err(storage)?;
    forget_claim(&claim);
    Ok(parts.belong(id, ring))
}

/// The new ring: made here, or by another process that came first.
fn new_ring(path: &Path) -> Result<KeyRing, ConfigError> {
    if let Some(ring) = keyring::generate(path)? {
        return Ok(ring);
    }
    let gone = || ConfigError::new("keyring", format!("a file {} that went", path.display()), "a key ring");
    keyring::load(path)?.ok_or_else(gone)
}

fn noted_claim(path: &Path) -> Option<InstallId> {
    let id = hex::decode(std::fs::read_to_string(path).ok()?).ok()?;
    InstallId::from_slice(&id)
}

fn forget_claim(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, ?path, "a file that is not needed any more was not removed");
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Flags, Sources};

    fn config(folder: &Path) -> Config {
        let flags = Flags::from([("data", folder.join("data").display().to_string())]);
        Config::load(&Sources { file: None, flags, environment: &|_| None }).unwrap()
    }

    /// Opens and closes the installation. Returns its id, or the line of the error.
    async fn id(config: &Config) -> Result<InstallId, String> {
        open(config).await.map(|installation| installation.id).map_err(|failure| failure.to_string())
    }

    fn lose_index(config: &Config) {
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let _ =
                std::fs::remove_file(PathBuf::from(format!("{}/index.db{suffix}", config.data.display())));
        }
    }

    #[test]
    fn a_data_folder_that_is_only_scratch_space_is_not_watched() {
        let folder = tempfile::tempdir().unwrap();
        let watched = |settings: &[(&'static str, &str)]| {
            let mut flags = Flags::from([("data", folder.path().display().to_string())]);
            flags.extend(settings.iter().map(|&(name, value)| (name, value.to_owned())));
            let config = Config::load(&Sources { file: None, flags, environment: &|_| None }).unwrap();
            disk_space(&config).folders().map(|(name, ..)| name).collect::<Vec<_>>()
        };
        let (index, store) = (("index", "postgres://cardea@db/cardea"), ("store", "s3://bucket"));
        assert_eq!(watched(&[]), ["data", "index", "store"]);
        assert_eq!(watched(&[index]), ["data", "store"]);
        assert_eq!(watched(&[store]), ["data", "index"]);
        assert_eq!(watched(&[index, store]), [""; 0]);
    }

    #[tokio::test]
    async fn an_installation_keeps_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        assert!(found(&config).await.is_err());
        let first = id(&config).await.unwrap();
        assert_eq!(id(&config).await, Ok(first));
        assert_eq!(found(&config).await.unwrap().id, first);
        assert!(!config.claim().exists());
    }

    #[tokio::test]
    async fn an_interrupted_creation_goes_on_and_a_lost_index_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let first = id(&config).await.unwrap();
        lose_index(&config);
        let line = id(&config).await.unwrap_err();
        assert!(line.starts_with("index: found an empty index, expected "), "{line}");
        // As after an interruption when the store was claimed.
        std::fs::write(config.claim(), first.to_string()).unwrap();
        lose_index(&config);
        assert_eq!(id(&config).await, Ok(first));
        assert!(!config.claim().exists());
    }

    #[tokio::test]
    async fn a_starting_gateway_waits_for_a_command_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let first = id(&config).await.unwrap();
        let held = files::lock(&config.lock()).unwrap();
        let mut waiting = std::pin::pin!(id(&config));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        assert!(found(&config).await.is_err_and(|failure| failure.to_string().contains("in use")));
        drop(held);
        assert_eq!(waiting.await, Ok(first));
    }

    #[tokio::test]
    async fn a_ring_that_was_made_meanwhile_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        files::private_folder(&config.data).unwrap();
        let found = parts(&config, Opening::Own).await.unwrap();
        let ring = keyring::generate(&config.keyring()).unwrap().unwrap();
        let made = make(&config, found).await.unwrap();
        assert_eq!(made.ring.active_id(), ring.active_id());
        drop(made);
        assert_eq!(open(&config).await.unwrap().ring.active_id(), ring.active_id());
    }

    #[tokio::test]
    async fn parts_that_do_not_belong_together_do_not_start() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        id(&config).await.unwrap();
        let ring = std::fs::read(config.keyring()).unwrap();
        std::fs::write(config.keyring(), KeyRing::generate().to_toml().as_bytes()).unwrap();
        assert!(id(&config).await.unwrap_err().starts_with("keyring: found another key ring in "));
        std::fs::remove_file(config.keyring()).unwrap();
        assert!(id(&config).await.unwrap_err().starts_with("keyring: found no file "));
        std::fs::write(config.keyring(), ring).unwrap();
        std::fs::remove_file(config.data.join("blobs/cardea.json")).unwrap();
        assert!(id(&config).await.unwrap_err().starts_with("store: found a folder without cardea.json"));

        let other = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(other.path().join("data/blobs")).unwrap();
        std::fs::write(other.path().join("data/blobs/stranger"), "x").unwrap();
        let line = id(&super::tests::config(other.path())).await.unwrap_err();
        assert!(line.starts_with("store: found files that are not Cardea's"), "{line}");
    }
}
