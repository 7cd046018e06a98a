//! An installation opened beside the gateway that may run on it: to read, and to write what is no blob.

use super::{blobs, its_ring, storage};
use crate::cli::Failure;
use crate::config::{Config, ConfigError, IndexUrl, StoreUrl};
use crate::encryption::KeyRing;
use crate::model::InstallId;
use crate::server::files::keyring;
use crate::storage::blobs::BlobStore;
use crate::storage::index::rows::{RowSource, Value, table};
use crate::storage::index::sqlite::SqliteFile;
use crate::storage::index::{Install, rows};

/// The parts of an installation that others may have open.
pub struct Beside {
    /// Its id.
    pub id: InstallId,
    /// Its index, to be read.
    pub rows: Box<dyn RowSource>,
    /// Its blob store.
    pub blobs: BlobStore,
    /// Its key ring.
    pub ring: KeyRing,
}

/// Opens the parts, which must belong together.
pub async fn beside(config: &Config) -> Result<Beside, Failure> {
    let rows = source(&config.index())?;
    let install = install(&*rows).await?;
    let ring = its_ring(config, keyring::load(&config.keyring())?, &install)?;
    let blobs = blobs(config)?;
    let id = install.id;
    match blobs.install_id().await.map_err(storage)? {
        Some(found) if found == id => Ok(Beside { id, rows, blobs, ring }),
        _ => {
            Err(ConfigError::new("store", "another store", format!("the store of the installation {id}"))
                .into())
        }
    }
}

/// The installation's id by its store, its ring, and its blobs: where there may be no index any more. Whether the ring is
/// its own shows when something is opened with it.
pub async fn without_index(config: &Config) -> Result<(InstallId, KeyRing, BlobStore), Failure> {
    let wrong = |setting, found: String, expected| ConfigError::new(setting, found, expected);
    let path = config.keyring();
    let no_ring =
        || wrong("keyring", format!("no file {}", path.display()), "the key ring of the installation");
    let ring = keyring::load(&path)?.ok_or_else(no_ring)?;
    if let StoreUrl::Folder(folder) = config.store()
        && !folder.exists()
    {
        return Err(
            wrong("store", format!("no folder {}", folder.display()), "the store of a gateway").into()
        );
    }
    let blobs = blobs(config)?;
    let no_store = || wrong("store", "a store without cardea.json".to_owned(), "the store of a gateway");
    let id = blobs.install_id().await.map_err(storage)?.ok_or_else(no_store)?;
    Ok((id, ring, blobs))
}

fn source(url: &IndexUrl) -> Result<Box<dyn RowSource>, Failure> {
    let unusable = |found: String| ConfigError::new("index", found, "the index of a gateway of this version");
    match url {
        IndexUrl::File(path) => {
            let opened = SqliteFile::open(path);
            Ok(Box::new(opened.map_err(|error| unusable(format!("{} ({error})", path.display())))?))
        }
        IndexUrl::Memory => Err(unusable("one in the memory of another process".to_owned()).into()),
    }
}

async fn install(source: &dyn rows::RowSource) -> Result<Install, Failure> {
    let none = || ConfigError::new("index", "an empty index", "the index of a gateway");
    let table = table("install").ok_or_else(none)?;
    let mut snapshot = source.snapshot().await.map_err(storage)?;
    let page = snapshot.page(table, None).await.map_err(storage)?;
    match page.first().map(Vec::as_slice) {
        Some([_, Value::Bytes(id), Value::Bytes(canary), ..]) => {
            let id = InstallId::from_slice(id).ok_or_else(none)?;
            Ok(Install { id, canary: canary.to_vec() })
        }
        _ => Err(none().into()),
    }
}
