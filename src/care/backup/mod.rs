//! Backups of the index: taken while the gateway runs, sealed, kept in the blob store, restored into an empty
//! index.
//!
//! A backup holds the index alone: names, versions, envelopes, and the sealed blobs that are so small that
//! they live in the index. All other blobs stay in the store, and no blob that a backup needs is deleted
//! (`storage::backup`). A backup does not hold the key ring. Without the key ring, nobody can open the
//! backup.

mod error;
mod later_backup;
mod lost_objects;
mod manifest;
mod remove;
mod restore;
mod seals;
mod take;

pub use error::Error;
pub(crate) use later_backup::later_backup;
pub(crate) use lost_objects::lost_objects;
pub use manifest::Manifest;
pub(crate) use remove::list;
pub use remove::{Removed, old, remove};
pub use restore::{Restored, find, restore};
pub use take::{Taken, take};
