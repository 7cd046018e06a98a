//! Why a backup could not be taken, listed, deleted or restored.

use crate::encryption;
use crate::storage::{self, backup::BackupId};

/// Why a backup could not be taken, listed, deleted or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index or the store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The store has no backup of this name, or no backup at all.
    #[error("the store has no backup{}", .0.as_ref().map_or(String::new(), |id| format!(" {id}")))]
    NoSuchBackup(Option<String>),
    /// The backup was sealed under another key ring.
    #[error("backup {0} was sealed under a key that is not in this key ring")]
    WrongRing(BackupId),
    /// The backup is not as it was written.
    #[error("backup {id} is damaged: {what}")]
    Damaged {
        id: BackupId,
        /// The damaged part, and how it is damaged.
        what: String,
    },
    /// The backup holds something that this version of the program does not know.
    #[error("backup {id} cannot be restored by this version: {what}")]
    Unknown { id: BackupId, what: String },
    /// The backup and the store belong to different installations.
    #[error("backup {id} is of the installation {found}, the store of {expected}")]
    OtherInstallation {
        id: BackupId,
        /// The installation of the backup.
        found: String,
        /// The installation of the store.
        expected: String,
    },
    /// Another process deletes chunks now, or was killed while it did so.
    #[error("old backups are being deleted; try again when that has ended, or in {} minutes if it was killed", storage::backup::STALE.as_secs() / 60)]
    Deleting,
    /// Another process took this backup for dead, or deleted chunks of it.
    #[error("the backup was taken for dead by another process and is not kept: take it again")]
    GivenUp,
    /// The index for the restored rows already holds something, or is being loaded from another source.
    #[error("the index is not empty: it holds {0}")]
    NotEmpty(String),
}

impl Error {
    /// The error for a sealed part of a backup that does not open.
    pub(super) fn sealed(id: &BackupId, what: &str, error: encryption::Error) -> Self {
        match error {
            encryption::Error::UnknownRingKey => Self::WrongRing(id.clone()),
            encryption::Error::UnsupportedVersion => {
                Self::Unknown { id: id.clone(), what: format!("{what} is of another format") }
            }
            error => Self::damaged(id, format!("{what} is {error}")),
        }
    }

    pub(super) fn damaged(id: &BackupId, what: impl Into<String>) -> Self {
        Self::Damaged { id: id.clone(), what: what.into() }
    }
}
