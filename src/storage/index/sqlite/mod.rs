//! The index in an embedded SQLite database.
//!
//! One thread writes ([`writer`]), a few read ([`readers`]). The commands are plain functions over a
//! transaction or a snapshot, one file for each topic, next to their SQL.

mod audit;
mod blobs;
mod bucket_facts;
mod bucket_rows;
mod buckets;
mod care;
mod checkpoint;
mod connection;
mod delete;
mod error;
mod expiry;
mod finding;
mod install;
mod listing;
mod objects;
mod principals;
mod publish;
mod readers;
mod restore;
mod rewrap;
mod rows;
mod schema;
mod settings;
mod skip_scan;
mod unchanged;
mod upload_listing;
mod upload_rows;
mod uploads;
mod values;
mod version_listing;
mod versions;
mod writer;
mod writers;

use std::fs::File;
use std::path::{Path, PathBuf};

use self::checkpoint::Checkpointer;
use self::connection::Durability;
use self::readers::Readers;
use self::writer::Writer;
use super::Result;
use crate::model::BucketId;
use crate::storage::Error;

/// An index in a SQLite file. It belongs to one process; share it in an `Arc`.
pub struct SqliteIndex {
    // The fields close in this order: the last connection to close writes the log back, then the lock ends.
    readers: Readers,
    path: PathBuf,
    /// `None` if another process writes.
    writer: Option<Writer>,
    _lock: Option<File>,
    _temporary: Option<TemporaryFolder>,
}

impl SqliteIndex {
    /// Opens the index: creates the file, or brings its schema up to date. Refuses a schema that is newer
    /// than this program, and a file that another process has open.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Durability::Full, None)
    }

    /// Opens the index to read, beside the process that has it open. Commands that would change it fail.
    pub fn open_beside(path: &Path) -> Result<Self> {
        let readers = Readers::start(path, connection::guest)?;
        Ok(Self { readers, path: path.to_owned(), writer: None, _lock: None, _temporary: None })
    }

    /// An index that is gone when it is dropped, for a blob store in memory. (It is a temporary file: an
    /// SQLite database in memory has no write-ahead log.)
    pub fn open_in_memory() -> Result<Self> {
        let folder = TemporaryFolder::new()?;
        Self::open_with(&folder.0.join("index.sqlite"), Durability::None, Some(folder))
    }

    fn open_with(path: &Path, durability: Durability, temporary: Option<TemporaryFolder>) -> Result<Self> {
        let lock = connection::lock(path)?;
        let writer = connection::writer(path, durability)?;
        let readers = Readers::start(path, connection::reader)?;
        let checkpointer = Checkpointer::start(connection::checkpointer(path, durability)?)?;
        let writer = Writer::start(writer, checkpointer)?;
        let path = path.to_owned();
        Ok(Self { readers, path, writer: Some(writer), _lock: Some(lock), _temporary: temporary })
    }

    fn writer(&self) -> Result<&Writer> {
        self.writer.as_ref().ok_or_else(|| Error::Internal("the index was opened only to be read".into()))
    }
}

impl std::fmt::Debug for SqliteIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteIndex").finish_non_exhaustive()
    }
}

/// A temporary folder: it is removed with the index in it.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("cardea-index-{}", BucketId::random()));
        std::fs::create_dir(&path).map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
