//! `cardea fsck`: the installation opened for a check, and nothing else.

use std::sync::Arc;

use super::{files, runtime, start};
use crate::cli::Failure;
use crate::config::Config;
use crate::model::WriterId;
use crate::ops::fsck::{Progress, Report, check};
use crate::ops::{Gateway, Limits, Metrics};
use crate::storage::pins::Pins;

/// Checks the installation: beside the gateway where it runs, else with the data folder to itself.
pub fn fsck(config: &Config, deep: bool, progress: Progress<'_>) -> Result<Report, Failure> {
    runtime()?.block_on(async {
        let runs = !config.shares_index() && config.lock().exists() && files::lock(&config.lock()).is_err();
        let opened = if runs { start::beside(config).await } else { start::found(config).await };
        let installation = opened.map_err(|failure| match failure {
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
