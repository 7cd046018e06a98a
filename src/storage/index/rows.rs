//! The index as plain rows: what a backup keeps, and what is carried from one kind of index to another.
//!
//! Below the commands of [`Index`](super::Index) there are tables, which all kinds of index share: their names, columns
//! and keys are in [`TABLES`]. [`Rows`] reads them all as of one moment, and fills an empty index with them.

mod encoding;
mod tables;
pub mod transfer;

use async_trait::async_trait;
use bytes::Bytes;

use super::Result;
use crate::model::WriterId;

pub use encoding::{Unreadable, decode, encode};
pub use tables::{Column, ColumnType, NOT_KEPT, Retired, TABLES, Table, table};

/// Rows of a page at most.
pub const PAGE_ROWS: usize = 2000;
/// Bytes of a page, about: the row that reaches it is its last.
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
    /// The bytes it takes in memory, about.
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

/// The bytes a row takes in memory, about.
pub fn size(row: &[Value]) -> usize {
    row.iter().map(Value::size).sum()
}

/// All rows of an index as they were at one moment. Others write on meanwhile.
#[async_trait]
pub trait RowSnapshot: Send {
    /// The rows of a table after the one with this key, in the order of its key: as many as make a page
    /// ([`PAGE_ROWS`], [`PAGE_BYTES`]), and none where there are no more.
    async fn page(&mut self, table: &'static Table, after: Option<&[Value]>) -> Result<Vec<Row>>;
}

/// Where a snapshot comes from: an index, or one that another process has open.
#[async_trait]
pub trait RowSource: Send + Sync {
    /// The state of the index now.
    async fn snapshot(&self) -> Result<Box<dyn RowSnapshot>>;
}

/// What an index says of itself, beside its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// Rows are being loaded into it, and it says from where. It is not whole: nobody else may use it.
    Loading,
    /// It was restored or set back, and nobody has accepted it yet: no blob may be deleted. It says from which backup or to
    /// which time, and after a space a word that no other restoration has.
    Restored,
    /// It was carried into this other index, which has taken its place: both refer to the same blobs.
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

/// How loading began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// The index was empty.
    New,
    /// The same load had begun before, and goes on where it ended.
    Again,
    /// Another load has begun and not ended: this one.
    Other(String),
    /// The index holds something.
    NotEmpty,
}

/// What of a table has been loaded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Loaded {
    pub rows: u64,
    /// The key of the last of them.
    pub last: Option<Vec<Value>>,
}

/// An index as rows. Loading is for one process alone, and no command runs meanwhile.
#[async_trait]
pub trait Rows: RowSource {
    /// What a mark says, where it stands.
    async fn mark(&self, mark: Mark) -> Result<Option<String>>;
    /// Sets a mark, or takes it away.
    async fn set_mark(&self, mark: Mark, value: Option<&str>) -> Result<()>;
    /// Begins to load an empty index from a source, or goes on with that: sets [`Mark::Loading`].
    async fn begin_load(&self, source: &str) -> Result<Begun>;
    /// What has been loaded of a table.
    async fn loaded(&self, table: &'static Table) -> Result<Loaded>;
    /// Loads rows, all or none, in one transaction. They follow those that stand, in the order of their key.
    async fn load(&self, table: &'static Table, rows: Vec<Row>) -> Result<()>;
    /// Ends loading: from here on it is an index like any other, or one that was restored from this backup.
    async fn finish_load(&self, restored: Option<&str>) -> Result<()>;
    /// Takes [`Mark::Restored`] away if it says this, and tells whether it did: what is said after a look stays. Blobs that it does not know are orphans from here on: those of writers that have been
    /// silent until now, and those of these others, which it fences where it does not know them.
    async fn accept(&self, restored: &str, strangers: Vec<WriterId>) -> Result<bool>;
}
