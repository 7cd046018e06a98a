//! Opening connections, and the two views of the commands: a snapshot to read, a transaction to write.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, Params, Row};

use super::schema;
use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::Result;

/// The longest wait of a statement for a lock. Only checkpoints and recovery hold one for long.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The most prepared statements that a connection keeps. There are fewer distinct ones.
const STATEMENTS: usize = 256;
/// The KiB of pages that the writer keeps. More would cost more than it saves: SQLite looks through all of
/// them at commits.
const WRITER_CACHE: i64 = 16 * 1024;
/// The KiB of pages that a reader keeps. Every commit empties them.
const READER_CACHE: i64 = 4 * 1024;
/// The bytes of the file that a reader maps, which saves a read(2) for each page after a commit. SQLite
/// allows 2 GiB.
const READER_MAP: i64 = 0x7FFF_0000;
/// The bytes that the write-ahead log may keep on disk after it was written back.
const LOG_FILE: i64 = 64 * 1024 * 1024;

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Durability {
    /// `synchronous=FULL`: an acknowledged command is durable.
    Full,
    /// For an index that does not outlive its process.
    None,
}

impl Durability {
    fn synchronous(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::None => "OFF",
        }
    }
}

/// Locks the index for this process. If another process has it open, that is an error. The lock ends with the
/// process.
pub(super) fn lock(index: &Path) -> Result<File> {
    let mut name = index.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let file = private(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Error::Unavailable(format!("{}: another process has the index open", path.display()).into()))
        }
        Err(TryLockError::Error(error)) => Err(unavailable(&path, &error)),
    }
}

/// Opens or creates a file that only its owner may read: the index holds password hashes, names and sizes.
fn private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(0o600);
    options.open(path).map_err(|error| unavailable(path, &error))
}

fn unavailable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unavailable(format!("{}: {error}", path.display()).into())
}

/// Opens the one connection that writes, and brings the schema up to date.
pub(super) fn writer(path: &Path, durability: Durability) -> Result<Connection> {
    // SQLite gives its log the mode of this file.
    private(path)?;
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let journal: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !journal.eq_ignore_ascii_case("wal") {
        return Err(Error::Internal(
            format!("the index cannot use a write-ahead log here: {journal}").into(),
        ));
    }
    connection.pragma_update(None, "synchronous", durability.synchronous())?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    connection.pragma_update(None, "journal_size_limit", LOG_FILE)?;
    // Another thread writes the log back, not the commits.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Opens the connection that writes the log back.
pub(super) fn checkpointer(path: &Path, durability: Durability) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "synchronous", durability.synchronous())?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "mmap_size", READER_MAP)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE)?;
    Ok(connection)
}

/// Opens a connection that reads beside the process that owns the index, and leaves all maintenance to that
/// process. It is opened as a connection that may write: without that, SQLite checks less than it can.
pub(super) fn guest(path: &Path) -> Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "query_only", "ON")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE)?;
    schema::check(&connection)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // The plan depends on the statement alone. Otherwise SQLite would compile a statement again whenever a
    // value is bound that might change the plan, which for partial indexes is each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

/// The view of a command that reads: one consistent state of the index.
pub(super) struct Snapshot<'c> {
    connection: &'c Connection,
}

impl<'c> Snapshot<'c> {
    /// Wraps a connection that is in a transaction, or that reads by single statements.
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// The first row, if there is one.
    pub(super) fn maybe<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    /// The only row, which always exists.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, read)?)
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Reads rows until `read` returns `false` or they end.
    pub(super) fn scan(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if !read(row)? {
                break;
            }
        }
        Ok(())
    }

    /// Prepares a statement that is run many times.
    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'c>> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Whether there is a row.
    pub(super) fn exists(&self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.connection.prepare_cached(sql)?.exists(params)?)
    }
}

/// The view of a command that writes: its own savepoint in the batch's transaction.
pub(super) struct Tx<'c> {
    snapshot: Snapshot<'c>,
    now: Timestamp,
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Snapshot<'c>;

    fn deref(&self) -> &Snapshot<'c> {
        &self.snapshot
    }
}

impl<'c> Tx<'c> {
    /// The view of a command that runs at this time.
    pub(super) fn new(connection: &'c Connection, now: Timestamp) -> Self {
        Self { snapshot: Snapshot::new(connection), now }
    }

    /// The command's time. It is never before the time of an earlier command of this process.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs a statement, and returns the number of rows that it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.snapshot.connection.prepare_cached(sql)?.execute(params)?)
    }

    /// Inserts a row, and returns its number.
    pub(super) fn insert(&self, sql: &str, params: impl Params) -> Result<i64> {
        Ok(self.snapshot.connection.prepare_cached(sql)?.insert(params)?)
    }
}
