//! An installation that may have lost its index.

use super::{blobs, storage};
use crate::config::{Config, ConfigError, StoreUrl};
use crate::encryption::KeyRing;
use crate::failure::Failure;
use crate::model::InstallId;
use crate::server::files::keyring;
use crate::storage::blobs::BlobStore;

/// The installation's id from its store, its ring, and its blobs, without the index. Whether the ring is the
/// right one shows when something is opened with it.
pub(crate) async fn without_index(config: &Config) -> Result<(InstallId, KeyRing, BlobStore), Failure> {
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
