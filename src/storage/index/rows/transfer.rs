//! Carrying all rows from one index to another, and comparing the two.

use sha2::{Digest, Sha256};

use super::{RowSnapshot, RowSource, Rows, TABLES, Table, Value, encode};
use crate::storage::index::Result;

/// Receives the progress of the work: a table, and the number of its rows.
pub type Progress<'p> = &'p (dyn Fn(&'static str, u64) + Sync);

/// The sum of a table's contents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sum {
    pub table: &'static str,
    pub rows: u64,
    /// SHA-256 of their encodings in the order of their keys.
    pub digest: [u8; 32],
}

/// Sums up a table row by row.
pub struct Summing {
    table: &'static str,
    rows: u64,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Summing {
    pub fn of(table: &'static Table) -> Self {
        Self { table: table.name, rows: 0, hash: Sha256::new(), buffer: Vec::new() }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &[Value]) {
        self.buffer.clear();
        encode(row, &mut self.buffer);
        self.hash.update(&self.buffer);
        self.rows += 1;
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn sum(self) -> Sum {
        Sum { table: self.table, rows: self.rows, digest: self.hash.finalize().into() }
    }
}

/// Loads the rows that the target does not have yet, table by table, after its own rows.
pub async fn copy(source: &mut dyn RowSnapshot, target: &dyn Rows, progress: Progress<'_>) -> Result<()> {
    for table in TABLES {
        let loaded = target.loaded(table).await?;
        let (mut rows, mut last) = (loaded.rows, loaded.last);
        loop {
            let page = source.page(table, last.as_deref()).await?;
            let Some(row) = page.last() else { break };
            last = Some(row[..table.key].to_vec());
            rows += page.len() as u64;
            target.load(table, page).await?;
            progress(table.name, rows);
        }
    }
    Ok(())
}

/// Sums up all tables of an index as it is now.
pub async fn sums(index: &(impl RowSource + ?Sized), progress: Progress<'_>) -> Result<Vec<Sum>> {
    let mut snapshot = index.snapshot().await?;
    let mut sums = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let mut summing = Summing::of(table);
        let mut last = None;
        loop {
            let page = snapshot.page(table, last.as_deref()).await?;
            let Some(row) = page.last() else { break };
            last = Some(row[..table.key].to_vec());
            for row in &page {
                summing.add(row);
            }
            progress(table.name, summing.rows);
        }
        sums.push(summing.sum());
    }
    Ok(sums)
}

/// The tables in which two indexes differ.
pub fn differences(one: &[Sum], other: &[Sum]) -> Vec<&'static str> {
    let differs = |sum: &&Sum| !other.contains(sum);
    one.iter().filter(differs).map(|sum| sum.table).collect()
}
