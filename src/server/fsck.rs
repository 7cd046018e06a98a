//! `cardea fsck`: opens the installation to check it, and changes nothing.

use std::sync::Arc;

use super::{files, runtime, start};
use crate::care::backup::{later_backup, lost_objects};
use crate::care::fsck::{Report, check};
use crate::care::progress::ReportProgress;
use crate::config::{Config, ConfigError};
use crate::failure::{Cause, Failure};
use crate::model::WriterId;
use crate::ops::{Gateway, Limits, Metrics};
use crate::storage::backup::{Backups, origin};
use crate::storage::index::rows::Mark;
use crate::storage::pins::Pins;

/// Checks the installation. The gateway may run, end or start meanwhile. With `accept`, an index that was
/// restored from a backup is accepted as the one to go on with. Over SQLite this takes the lock that a
/// running gateway has.
pub(crate) fn fsck(
    config: &Config,
    deep: bool,
    accept: bool,
    progress: ReportProgress<'_>,
) -> Result<Report, Failure> {
    runtime()?.block_on(async {
        let own = accept && !config.shares_index();
        if own && config.lock().exists() && files::lock(&config.lock()).is_err() {
            let found = format!("{} in use", config.data.display());
            return Err(ConfigError::new(
                "data",
                found,
                "a stopped gateway: a running one cannot be asked to accept",
            )
            .into());
        }
        let opened = if own { start::found(config).await } else { start::beside(config).await };
        let installation = opened.map_err(|failure| match failure {
            Failure::Config(_) | Failure::Findings(_) | Failure::Unchecked(_) => failure,
            other => Failure::Unchecked(other.into()),
        })?;
        let gateway = Gateway::new(
            installation.index.clone(),
            installation.blobs.clone(),
            installation.ring.clone(),
            Pins::default(),
            // The check writes no blob.
            WriterId::random(),
            Limits::default(),
            Arc::new(Metrics::default()),
        );
        let tested = if accept { acceptable(&installation).await? } else { None };
        let checked = check(&gateway, deep, progress).await;
        let mut report = checked.map_err(unchecked)?;
        let rows = installation.index.rows();
        report.lost = lost_objects(rows, &report.missing).await.map_err(unchecked)?;
        if accept {
            report.accepted = accepted(&installation, tested).await?;
        }
        Ok(report)
    })
}

/// Accepts the mark that was tested, and no other one. Returns the backup or the time of the restored index.
async fn accepted(
    installation: &start::Installation,
    tested: Option<String>,
) -> Result<Option<String>, Failure> {
    let rows = installation.index.rows();
    if let Some(restored) = tested {
        let writers = installation.blobs.writers().await.map_err(unchecked)?;
        if rows.accept(&restored, writers).await.map_err(unchecked)? {
            return Ok(Some(origin(&restored).to_owned()));
        }
    }
    match rows.mark(Mark::Restored).await.map_err(unchecked)? {
        // There was no mark, or another process has accepted it.
        None => Ok(None),
        Some(later) => {
            let found = format!("an index that was set back to {} during the check", origin(&later));
            Err(ConfigError::new("accept", found, "one that was checked since: run it again").into())
        }
    }
}

fn unchecked(error: impl Into<Cause>) -> Failure {
    Failure::Unchecked(Failure::run("fsck could not go on", error).into())
}

/// Tests whether the index may be accepted: afterwards blobs that it does not know are deleted, and a later
/// backup may need them. Returns the mark that was tested.
async fn acceptable(installation: &start::Installation) -> Result<Option<String>, Failure> {
    let Some(restored) = installation.index.rows().mark(Mark::Restored).await.map_err(unchecked)? else {
        return Ok(None);
    };
    let backups = Backups::new(installation.blobs.clone());
    match later_backup(&backups, &installation.ring, &restored).await.map_err(unchecked)? {
        None => Ok(Some(restored)),
        Some(later) => {
            let origin = origin(&restored);
            let found = format!("backup {later}, later than {origin}, to which the index was restored");
            let expected = "no later one: delete it, or restore it instead; its blobs would be deleted";
            Err(ConfigError::new("accept", found, expected).into())
        }
    }
}
