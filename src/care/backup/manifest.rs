//! What a backup is made of.

use serde::{Deserialize, Serialize};

use super::{Error, seals};
use crate::encryption::KeyRing;
use crate::model::InstallId;
use crate::storage::backup::{BackupId, Backups, ChunkName};
use crate::storage::index::rows::transfer::Sum;
use crate::storage::index::rows::{Column, TABLES, Table, table};

/// The version of this form.
const VERSION: u32 = 1;

/// A backup's manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    /// The installation's id, in hex.
    pub(super) install: String,
    /// Of an index that was restored and not accepted: what its mark said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) restored: Option<String>,
    /// Its tables in the order in which they are loaded.
    pub(super) tables: Vec<Part>,
}

/// A table in a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: String,
    /// The columns that its rows have: a later schema may have more.
    pub(super) columns: Vec<String>,
    pub(super) rows: u64,
    /// [`Sum::digest`], in hex.
    digest: String,
    pub(super) chunks: Vec<ChunkRef>,
}

/// A chunk of a table.
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

    /// Its name. The manifest is authentic: none is malformed.
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
        self.tables.push(Part { name: table.name.to_owned(), columns, rows: sum.rows, digest, chunks });
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|part| part.rows).sum()
    }

    /// Its chunks.
    pub fn chunks(&self) -> u64 {
        self.refs().count() as u64
    }

    /// The bytes of its chunks' contents.
    pub fn bytes(&self) -> u64 {
        self.refs().map(|chunk| chunk.bytes).sum()
    }

    pub(super) fn refs(&self) -> impl Iterator<Item = &ChunkRef> {
        self.tables.iter().flat_map(|part| &part.chunks)
    }

    pub(super) fn seal(&self, ring: &KeyRing, id: &BackupId) -> Result<bytes::Bytes, Error> {
        let plain = serde_json::to_vec(self).map_err(|error| Error::damaged(id, error.to_string()))?;
        Ok(seals::seal_manifest(ring, id, &plain))
    }

    /// Reads a backup's manifest.
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

impl Part {
    /// Its table, and for each of the table's columns where a row of the backup has it.
    pub(super) fn table(&self, id: &BackupId) -> Result<(&'static Table, Vec<Option<usize>>), Error> {
        let unknown = |what: String| Error::Unknown { id: id.clone(), what };
        let table = table(&self.name).ok_or_else(|| unknown(format!("the table {}", self.name)))?;
        let is_known = |name: &&String| table.columns.iter().any(|column| column.name == name.as_str());
        if let Some(stranger) = self.columns.iter().find(|name| !is_known(name)) {
            return Err(unknown(format!("the column {}.{stranger}", self.name)));
        }
        let place = |column: &Column| {
            let at = self.columns.iter().position(|name| name == column.name);
            if at.is_none() && !column.nullable {
                return Err(unknown(format!("it has no column {}.{}", self.name, column.name)));
            }
            Ok(at)
        };
        Ok((table, table.columns.iter().map(place).collect::<Result<_, _>>()?))
    }

    /// Whether it is this that the table holds now. A table that has got new columns since cannot be told.
    pub(super) fn is(&self, sum: &Sum, table: &Table) -> bool {
        let as_then = table.columns.len() == self.columns.len();
        sum.rows == self.rows && (!as_then || hex::encode(sum.digest) == self.digest)
    }
}
