//! `cardea restore`: loads a backup into an empty index.

use super::backup::failure;
use super::{files, runtime, start};
use crate::care::backup::{Restored, find, restore as load};
use crate::care::progress::ReportProgress;
use crate::config::{Config, ConfigError, IndexUrl};
use crate::failure::Failure;
use crate::storage::backup::Backups;

/// Restores a backup, by default the newest. No gateway may run: this takes the gateway's lock.
pub(crate) fn restore(
    config: &Config,
    id: Option<&str>,
    progress: ReportProgress<'_>,
) -> Result<Restored, Failure> {
    if config.index() == IndexUrl::Memory {
        return Err(ConfigError::new("index", "one in memory", "one that outlives this process").into());
    }
    runtime()?.block_on(async {
        // Before anything is made, there must be a store, a ring, and a backup that opens.
        let (install, ring, blobs) = start::without_index(config).await?;
        let backups = Backups::new(blobs);
        let (id, manifest) = find(&backups, &ring, install, id).await.map_err(failure)?;
        let unusable = |error: std::io::Error| {
            ConfigError::new("data", config.data.display().to_string(), "a folder that can be made")
                .because(error)
        };
        files::private_folder(&config.data).map_err(unusable)?;
        let _lock = files::lock(&config.lock())?;
        let index = start::index(config, &config.index(), "index").await?;
        load(&backups, &ring, &id, &manifest, index.rows(), progress).await.map_err(failure)
    })
}
