//! Backups of the index: taken while the gateway runs, kept sealed in the blob store, restored into an empty index.
//!
//! A backup holds the index alone: names, versions, envelopes, the sealed blobs that are small enough to live in the index.
//! All other blobs stay where they are, and none that a kept backup needs is deleted (`storage::backup`). It does not
//! hold the key ring, without which it opens for nobody.

mod later_backup;
mod lost_objects;
mod manifest;
mod remove;
mod restore;
mod seals;
mod take;

pub use later_backup::later_backup;
pub use lost_objects::lost_objects;
pub use manifest::Manifest;
pub use remove::{Removed, list, old, remove};
pub use restore::{Restored, find, restore};
pub use take::{Taken, take};

use crate::encryption;
use crate::storage::{self, backup::BackupId};

/// Is told how far the work is: what is looked at, and how many of it so far.
pub type Progress<'p> = &'p (dyn Fn(&'static str, u64) + Sync);

/// Why a backup could not be taken, kept or restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The index or the store.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// There is no such backup, or none at all.
    #[error("the store has no backup{}", .0.as_ref().map_or(String::new(), |id| format!(" {id}")))]
    NoSuchBackup(Option<String>),
    /// It was sealed under a key ring that this is not.
    #[error("backup {0} was sealed under a key that is not in this key ring")]
    WrongRing(BackupId),
    /// It is not as it was written.
    #[error("backup {id} is damaged: {what}")]
    Damaged {
        /// Which.
        id: BackupId,
        /// What of it, and how.
        what: String,
    },
    /// It holds what this program does not know.
    #[error("backup {id} cannot be restored by this version: {what}")]
    Unknown {
        /// Which.
        id: BackupId,
        /// What it does not know.
        what: String,
    },
    /// It is of another installation than the store.
    #[error("backup {id} is of the installation {found}, the store of {expected}")]
    OtherInstallation {
        /// Which.
        id: BackupId,
        /// Whose it is.
        found: String,
        /// Whose the store is.
        expected: String,
    },
    /// Somebody deletes chunks just now, or was killed doing so.
    #[error("old backups are being deleted; try again when that has ended, or in {} minutes if it was killed", storage::backup::STALE.as_secs() / 60)]
    Deleting,
    /// Another took this backup for dead, or its chunks went.
    #[error("the backup was taken for dead by another process and is not kept: take it again")]
    GivenUp,
    /// The index that is to be filled holds something, or is being filled from elsewhere.
    #[error("the index is not empty: it holds {0}")]
    NotEmpty(String),
}

impl Error {
    /// What was sealed does not open.
    fn sealed(id: &BackupId, what: &str, error: encryption::Error) -> Self {
        match error {
            encryption::Error::UnknownRingKey => Self::WrongRing(id.clone()),
            encryption::Error::UnsupportedVersion => {
                Self::Unknown { id: id.clone(), what: format!("{what} is of another format") }
            }
            error => Self::damaged(id, format!("{what} is {error}")),
        }
    }

    fn damaged(id: &BackupId, what: impl Into<String>) -> Self {
        Self::Damaged { id: id.clone(), what: what.into() }
    }
}
