//! `cardea fsck`: the installation opened for a check, and nothing else.

use std::sync::Arc;

use super::{files, runtime, start};
use crate::cli::Failure;
use crate::config::{Config, ConfigError};
use crate::model::WriterId;
use crate::ops::fsck::{Progress, Report, check};
use crate::ops::{Gateway, Limits, Metrics};
use crate::storage::pins::Pins;

/// Checks the installation. The gateway must be stopped: the check holds the data folder's lock, as the gateway does.
pub fn fsck(config: &Config, deep: bool, progress: Progress<'_>) -> Result<Report, Failure> {
    runtime()?.block_on(async {
        if !config.shares_index() && config.lock().exists() && files::lock(&config.lock()).is_err() {
            let found = format!("{} in use", config.data.display());
            return Err(ConfigError::new(
                "data",
                found,
                "a stopped gateway: fsck cannot check a running one",
            )
            .into());
        }
        let installation = start::found(config).await.map_err(|failure| match failure {
            Failure::Run(what) => Failure::Unchecked(what),
            other => other,
        })?;
        let gateway = Gateway::new(
            installation.index.clone(),
            installation.blobs.clone(),
            installation.ring.clone(),
            Pins::default(),
            // It never writes.
            WriterId::random(),
            Limits::default(),
            Arc::new(Metrics::default()),
        );
        let checked = check(&gateway, deep, progress).await;
        checked.map_err(|error| Failure::Unchecked(format!("fsck could not go on: {error}")))
    })
}
