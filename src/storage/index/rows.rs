//! The index as plain rows, for backups, and to carry an index to another kind.
//!
//! Below the commands of [`Index`](super::Index) are tables, which all kinds of index share: their names,
//! columns and keys are in [`TABLES`]. [`Rows`] reads them all as of one moment, and fills an empty index
//! with them.

mod encoding;
mod tables;
pub mod transfer;

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;
use crate::model::WriterId;

pub use encoding::{Unreadable, decode, encode};
pub use tables::{Column, ColumnType, NOT_KEPT, Retired, TABLES, Table, table};

/// The most rows of a page.
pub const PAGE_ROWS: usize = 2000;
/// The approximate size of a page in bytes: the row that reaches it is the last of the page.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A value of a row.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Value {
    Null,
    Int(i64),
    Bytes(Bytes),
    Text(String),
}

impl Value {
    /// The approximate number of bytes that it takes in memory.
    pub fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) => 8,
            Self::Bytes(bytes) => 8 + bytes.len(),
            Self::Text(text) => 8 + text.len(),
        }
    }
}

/// A row: its table's columns in their order.
pub type Row = Vec<Value>;

/// The approximate number of bytes that a row takes in memory.
pub fn size(row: &[Value]) -> usize {
    row.iter().map(Value::size).sum()
}

/// All rows of an index as of one moment. Others go on writing.
#[async_trait]
pub trait RowSnapshot: Send {
    /// A page of a table's rows after this key, in the order of the key ([`PAGE_ROWS`], [`PAGE_BYTES`]). No
    /// rows: the table has ended.
    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Row>>;
}

/// A source of snapshots: an index, also if another process has it open.
#[async_trait]
pub trait RowSource: Send + Sync {
    /// The state of the index now.
    async fn snapshot(&self) -> Result<Box<dyn RowSnapshot>>;
}

/// A mark that an index carries beside its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// Rows are being loaded into the index. The mark names their source. The index is not whole, so nobody
    /// else may use it.
    Loading,
    /// The index was restored or set back, and nobody has accepted that yet: no blob may be deleted. The mark
    /// names the backup or the time, and after a space a word that no other restoration has.
    Restored,
    /// The index was carried into the index that the mark names, which has replaced it: both refer to the
    /// same blobs.
    Moved,
}

impl Mark {
    /// Its name in the index.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Restored => "restored",
            Self::Moved => "moved",
        }
    }
}

/// The outcome of beginning a load.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// The index was empty.
    New,
    /// The same load began before, and continues.
    Again,
    /// Another load has begun and not ended. This is its source.
    Other(String),
    /// The index is not empty.
    NotEmpty,
}

/// The rows of a table that have been loaded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loaded {
    pub rows: u64,
    /// The key of the last row.
    pub last: Option<Vec<Value>>,
}

/// An index as rows. Only one process may load, and no command runs meanwhile.
#[async_trait]
pub trait Rows: RowSource {
    /// The text of a mark, if the index has it.
    async fn mark(&self, mark: Mark) -> Result<Option<String>>;
    /// Sets or removes a mark.
    async fn set_mark(&self, mark: Mark, value: Option<&str>) -> Result<()>;
    /// Begins to load an empty index from a source, or continues that load: sets [`Mark::Loading`].
    async fn begin_load(&self, source: &str) -> Result<Begun>;
    /// The rows of a table that have been loaded.
    async fn loaded(&self, table: &'static Table) -> Result<Loaded>;
    /// Loads rows in one transaction, all or none. They follow the rows that the table has, in the order of
    /// the key.
    async fn load(&self, table: &'static Table, rows: Vec<Row>) -> Result<()>;
    /// Ends loading. The index is from now on like any other, or counts as restored from this backup.
    async fn finish_load(&self, restored: Option<&str>) -> Result<()>;
    /// Removes [`Mark::Restored`] if its text is `restored`, and returns whether it did. A mark that was set
    /// after the caller looked stays.
    ///
    /// From now on, a blob missing from the index counts as an orphan if its writer is unswept or listed in
    /// `strangers`. Unknown strangers are recorded as fenced writers.
    async fn accept(&self, restored: &str, strangers: Vec<WriterId>) -> Result<bool>;
}
