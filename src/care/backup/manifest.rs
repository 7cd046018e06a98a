//! The manifest of a backup: its tables and their chunks.

use serde::{Deserialize, Serialize};

use crate::care::backup::error::Error;
use crate::care::backup::seals;
use crate::encryption::KeyRing;
use crate::model::InstallId;
use crate::storage::backup::{BackupId, Backups, ChunkName};
use crate::storage::index::rows::transfer::Sum;
use crate::storage::index::rows::{Column, Retired, Row, TABLES, Table, Value, table};

/// The version of the manifest's format.
const VERSION: u32 = 1;

/// The manifest of a backup, which is sealed in the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// The installation's id, in hex.
    pub(super) install: String,
    /// The value of the mark of this name. It is present only after a restoration that has not been accepted
    /// yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) restored: Option<String>,
    /// The tables, in the order in which they are loaded.
    pub(super) tables: Vec<TableManifest>,
}

/// The rows of one table in a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableManifest {
    pub(super) name: String,
    /// The columns of the rows. A later schema may have more.
    pub(super) columns: Vec<String>,
    pub(super) rows: u64,
    /// [`Sum::digest`], in hex.
    digest: String,
    pub(super) chunks: Vec<ChunkRef>,
}

/// A reference to a chunk with rows of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChunkRef {
    name: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl ChunkRef {
    pub(super) fn new(name: &ChunkName, rows: u64, bytes: u64) -> Self {
        Self { name: hex::encode(name), rows, bytes }
    }

    /// The manifest is authentic, so the name is never malformed.
    pub(super) fn name(&self) -> ChunkName {
        let mut name = [0; 32];
        let _ = hex::decode_to_slice(&self.name, &mut name);
        name
    }
}

impl Manifest {
    pub(super) fn new(install: InstallId, restored: Option<String>) -> Self {
        let tables = Vec::with_capacity(TABLES.len());
        Self { version: VERSION, install: install.to_string(), restored, tables }
    }

    pub(super) fn add(&mut self, table: &'static Table, sum: &Sum, chunks: Vec<ChunkRef>) {
        let columns = table.columns.iter().map(|column| column.name.to_owned()).collect();
        let digest = hex::encode(sum.digest);
        self.tables.push(TableManifest {
            name: table.name.to_owned(),
            columns,
            rows: sum.rows,
            digest,
            chunks,
        });
    }

    /// The number of rows in all tables.
    pub(crate) fn rows(&self) -> u64 {
        self.tables.iter().map(|part| part.rows).sum()
    }

    pub(crate) fn chunks(&self) -> u64 {
        self.chunk_refs().count() as u64
    }

    /// The bytes in all chunks, before they are sealed.
    pub(crate) fn bytes(&self) -> u64 {
        self.chunk_refs().map(|chunk| chunk.bytes).sum()
    }

    pub(super) fn chunk_refs(&self) -> impl Iterator<Item = &ChunkRef> {
        self.tables.iter().flat_map(|part| &part.chunks)
    }

    pub(super) fn seal(&self, ring: &KeyRing, id: &BackupId) -> Result<bytes::Bytes, Error> {
        let plain = serde_json::to_vec(self).map_err(|error| Error::damaged(id, error.to_string()))?;
        Ok(seals::seal_manifest(ring, id, &plain))
    }

    /// Reads and opens the manifest of a backup.
    pub(super) async fn read(backups: &Backups, ring: &KeyRing, id: &BackupId) -> Result<Self, Error> {
        let none = || Error::NoSuchBackup(Some(id.to_string()));
        let sealed = backups.manifest(id).await?.ok_or_else(none)?;
        let plain = seals::open_manifest(ring, id, &sealed)?;
        let unknown =
            || Error::Unknown { id: id.clone(), what: "its manifest is of another version".to_owned() };
        let manifest: Self = serde_json::from_slice(&plain).map_err(|_| unknown())?;
        if manifest.version == VERSION { Ok(manifest) } else { Err(unknown()) }
    }
}

impl TableManifest {
    /// How the rows of the backup become rows of the table's present columns.
    pub(super) fn layout(&self, id: &BackupId) -> Result<Layout, Error> {
        let unknown = |what: String| Error::Unknown { id: id.clone(), what };
        let table = table(&self.name).ok_or_else(|| unknown(format!("the table {}", self.name)))?;
        let mut retired = Vec::new();
        for (at, name) in self.columns.iter().enumerate() {
            if table.columns.iter().any(|column| column.name == name) {
                continue;
            }
            let former = table.retired.iter().find(|former| former.name == name);
            retired.push((at, former.ok_or_else(|| unknown(format!("the column {}.{name}", self.name)))?));
        }
        let source = |column: &Column| match self.columns.iter().position(|name| name == column.name) {
            Some(at) => Ok(Source::Column(at)),
            None => match column.former {
                Some(number) => Ok(Source::Constant(Value::Int(number))),
                None if column.nullable => Ok(Source::Constant(Value::Null)),
                None => Err(unknown(format!("it has no column {}.{}", self.name, column.name))),
            },
        };
        let sources = table.columns.iter().map(source).collect::<Result<_, _>>()?;
        Ok(Layout { table, sources, retired })
    }

    /// Whether the table holds the rows of the backup. If the columns have changed since the backup, only the
    /// number of rows is compared.
    pub(super) fn matches(&self, sum: &Sum, table: &Table) -> bool {
        let same_columns = table.columns.iter().map(|column| column.name).eq(&self.columns);
        sum.rows == self.rows && (!same_columns || hex::encode(sum.digest) == self.digest)
    }
}

/// How rows of a backup become rows of a table whose columns may have changed since.
pub(super) struct Layout {
    pub(super) table: &'static Table,
    sources: Vec<Source>,
    /// The columns of the backup's rows that the table no longer has, by position.
    retired: Vec<(usize, &'static Retired)>,
}

/// The source of a column's value.
enum Source {
    /// The column at this position in the backup's row.
    Column(usize),
    /// The value for all rows, because the backup has no such column.
    Constant(Value),
}

impl Layout {
    /// The row in the table's present columns. `None` if data would be lost: the table no longer has a
    /// column, and the value in the backup is not the empty one.
    pub(super) fn row(&self, row: &[Value]) -> Option<Row> {
        let is_empty = |(at, column): &(usize, &Retired)| match row.get(*at) {
            Some(Value::Text(text)) => text == column.text,
            _ => false,
        };
        if !self.retired.iter().all(is_empty) {
            return None;
        }
        let value = |source: &Source| match source {
            Source::Column(at) => row.get(*at).cloned(),
            Source::Constant(value) => Some(value.clone()),
        };
        self.sources.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    /// The columns of the table of buckets in the first backups.
    const FORMER: &[&str] = &[
        "nr",
        "id",
        "account",
        "name",
        "registered",
        "created",
        "modified",
        "versioning",
        "metadata",
        "settings",
    ];

    fn part(columns: &[&str]) -> TableManifest {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        TableManifest {
            name: "buckets".into(),
            columns,
            rows: 1,
            digest: "digest".into(),
            chunks: Vec::new(),
        }
    }

    fn row(settings: &str) -> Row {
        let text = |text: &str| Value::Text(text.to_owned());
        let bytes = || Value::Bytes(b"x"[..].into());
        let int = Value::Int;
        vec![int(1), bytes(), bytes(), bytes(), int(1), int(2), int(3), int(0), text("{}"), text(settings)]
    }

    fn refusal(part: &TableManifest) -> String {
        part.layout(&BackupId::new(Timestamp::now())).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_row_with_former_columns_is_restored() {
        let part = part(FORMER);
        let layout = part.layout(&BackupId::new(Timestamp::now())).unwrap();
        let mut expected = row("");
        *expected.last_mut().unwrap() = Value::Int(0);
        assert_eq!(layout.row(&row("{}")), Some(expected));
        assert_eq!(layout.row(&row("{\"a\":\"b\"}")), None, "the settings would be lost");
        assert_eq!(layout.row(&row("{}")[..4]), None);
        // The digest covers the former columns, so only the number of rows counts.
        let sum = Sum { table: "buckets", rows: 1, digest: [0; 32] };
        assert!(part.matches(&sum, layout.table) && !part.matches(&Sum { rows: 2, ..sum }, layout.table));
    }

    #[test]
    fn a_table_of_a_newer_program_is_refused() {
        assert!(refusal(&part(&[FORMER, &["shape"]].concat())).contains("the column buckets.shape"));
        assert!(refusal(&part(&FORMER[1..])).contains("it has no column buckets.nr"));
        let other = TableManifest { name: "shapes".into(), ..part(FORMER) };
        assert!(refusal(&other).contains("the table shapes"));
    }
}
