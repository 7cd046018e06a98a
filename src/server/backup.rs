//! `cardea backup`, `backup list` and `backup delete`. The gateway may run meanwhile.

use std::time::{Duration, Instant};

use super::{runtime, start};
use crate::care::backup::{self, Error, Removed, Taken};
use crate::care::progress::ReportProgress;
use crate::config::{Config, ConfigError, IndexUrl};
use crate::failure::{Cause, Failure};
use crate::storage::backup::{BackupId, Backups};

/// How long a backup waits for another command that deletes old ones.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// A backup as it is listed.
#[derive(Debug)]
pub(crate) struct Listed {
    pub id: String,
    /// The number of rows, of chunks, and of their bytes; or why they are unknown.
    pub contents: Result<(u64, u64, u64), Cause>,
}

/// Takes a backup and reports it. Then it deletes all backups but the newest `keep`, this one included.
pub(crate) fn backup(
    config: &Config,
    keep: Option<usize>,
    progress: ReportProgress<'_>,
    report: impl FnOnce(&Taken) -> Result<(), Failure>,
) -> Result<Removed, Failure> {
    runtime()?.block_on(async {
        if config.index() == IndexUrl::Memory {
            return Err(
                ConfigError::new("index", "one in memory", "one that other processes can read").into()
            );
        }
        let open = start::beside(config).await?;
        let backups = Backups::new(open.blobs);
        let begun = Instant::now();
        let taken = loop {
            match backup::take(open.index.rows(), &backups, &open.ring, open.id, progress).await {
                Err(Error::Deleting) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                taken => break taken.map_err(failure)?,
            }
        };
        report(&taken)?;
        let Some(keep) = keep else { return Ok(Removed::default()) };
        let old = backup::old(&backups, keep, &taken.id).await.map_err(failure)?;
        if old.is_empty() {
            return Ok(Removed::default());
        }
        backup::remove(&backups, &open.ring, &old, progress).await.map_err(failure)
    })
}

/// Lists the backups, oldest first.
pub(crate) fn list_backups(config: &Config) -> Result<Vec<Listed>, Failure> {
    runtime()?.block_on(async {
        let (_, ring, blobs) = start::without_index(config).await?;
        let listed = backup::list(&Backups::new(blobs), &ring).await.map_err(failure)?;
        let listed = listed.into_iter().map(|(set, manifest)| Listed {
            id: set.id.to_string(),
            contents: match manifest {
                None => Err("not whole: it is being made, or was given up".into()),
                Some(Ok(manifest)) => Ok((manifest.rows(), manifest.chunks(), manifest.bytes())),
                Some(Err(error)) => Err(error.into()),
            },
        });
        Ok(listed.collect())
    })
}

/// Deletes a backup, and the chunks that no other one has.
pub(crate) fn delete_backup(
    config: &Config,
    id: &str,
    progress: ReportProgress<'_>,
) -> Result<Removed, Failure> {
    runtime()?.block_on(async {
        let (_, ring, blobs) = start::without_index(config).await?;
        let backups = Backups::new(blobs);
        let none = || failure(Error::NoSuchBackup(Some(id.to_owned())));
        let id = BackupId::parse(id).ok_or_else(none)?;
        let stands = backups.sets(None).await.map_err(start::storage)?.iter().any(|set| set.id == id);
        if !stands {
            return Err(none());
        }
        backup::remove(&backups, &ring, &[id], progress).await.map_err(failure)
    })
}

/// Which errors the operator must mend (exit code 2), and which are failures (exit code 1).
pub(super) fn failure(error: Error) -> Failure {
    let (setting, expected) = match &error {
        Error::WrongRing(id) => ("keyring", format!("the key ring that backup {id} was sealed under")),
        Error::NoSuchBackup(_) => ("store", "one that cardea backup list shows".to_owned()),
        Error::OtherInstallation { .. } => ("store", "a backup of its own".to_owned()),
        Error::NotEmpty(_) => ("index", "an empty index, or none yet".to_owned()),
        Error::Unknown { .. } => ("store", "a version of cardea that knows it".to_owned()),
        _ => {
            return match error {
                Error::Storage(error) => start::storage(error),
                error => Failure::run("backup", error),
            };
        }
    };
    ConfigError::new(setting, "", expected).because(error).into()
}
