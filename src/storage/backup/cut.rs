//! Cutting a table's rows into chunks, so that a change touches few of them.
//!
//! The row itself decides where a chunk ends, by a hash of its key: rows that come or go move only the
//! boundaries next to them. The chance that a row ends a chunk follows its length, so chunks have about
//! [`TARGET`] bytes for any kind of row.

use sha2::{Digest, Sha256};

use crate::storage::index::rows::{Table, Value, encode};

/// The approximate size of a chunk in bytes.
const TARGET: usize = 256 * 1024;
/// The least bytes of a chunk, except a table's last.
const LEAST: usize = 32 * 1024;
/// The size from which on a chunk ends at any row.
const MOST: usize = 1024 * 1024;

/// Encoded rows that are stored together.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Chunk {
    /// How many rows.
    pub rows: u64,
    /// Their encodings, one after the other.
    pub bytes: Vec<u8>,
}

/// Cuts the rows of one table.
#[derive(Debug)]
pub struct Cutter {
    key: usize,
    open: Chunk,
    scratch: Vec<u8>,
}

impl Cutter {
    /// Begins a table.
    pub fn new(table: &'static Table) -> Self {
        Self { key: table.key, open: Chunk::default(), scratch: Vec::new() }
    }

    /// Takes the next row, and returns the chunk that ends with it.
    pub fn add(&mut self, row: &[Value]) -> Option<Chunk> {
        let before = self.open.bytes.len();
        encode(row, &mut self.open.bytes);
        self.open.rows += 1;
        let after = self.open.bytes.len();
        let ends = after >= MOST || (after >= LEAST && self.is_boundary(&row[..self.key], after - before));
        ends.then(|| std::mem::take(&mut self.open))
    }

    /// The last chunk, unless there is nothing left.
    pub fn end(self) -> Option<Chunk> {
        (self.open.rows > 0).then_some(self.open)
    }

    /// Decides with a chance of `length` in [`TARGET`].
    fn is_boundary(&mut self, key: &[Value], length: usize) -> bool {
        self.scratch.clear();
        encode(key, &mut self.scratch);
        let hash = Sha256::digest(&self.scratch);
        let draw = hash.first_chunk().map_or(0, |bytes| u64::from(u32::from_be_bytes(*bytes)));
        draw * (TARGET as u64) < (length as u64) << 32
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::storage::index::rows::table;

    fn row(number: i64, length: usize) -> Vec<Value> {
        vec![Value::Int(number), Value::Bytes(vec![number.to_le_bytes()[0]; length].into())]
    }

    fn cut(rows: impl Iterator<Item = Vec<Value>>) -> Vec<Chunk> {
        let mut cutter = Cutter::new(table("inline_blobs").unwrap());
        let mut chunks: Vec<_> = rows.filter_map(|row| cutter.add(&row)).collect();
        chunks.extend(cutter.end());
        chunks
    }

    #[test]
    fn chunks_are_neither_small_nor_large() {
        for length in [10, 300, 16_000, 2_000_000] {
            let count = 20_000_000 / i64::try_from(length).unwrap();
            let chunks = cut((0..count).map(|number| row(number, length)));
            assert_eq!(chunks.iter().map(|chunk| chunk.rows).sum::<u64>(), count.unsigned_abs());
            let (last, others) = chunks.split_last().unwrap();
            assert!(others.iter().all(|chunk| (LEAST..MOST + length + 20).contains(&chunk.bytes.len())));
            assert!(last.bytes.len() < MOST + length + 20);
            let average = 20_000_000 / chunks.len();
            assert!(length > MOST || (TARGET / 2..TARGET * 2).contains(&average), "{length}: {average}");
        }
        assert_eq!(cut(std::iter::empty()), []);
    }

    #[test]
    fn a_change_touches_few_chunks() {
        let before: HashSet<_> = cut((0..60_000).map(|n| row(n, 300))).into_iter().map(|c| c.bytes).collect();
        // One is gone, one is changed, some are new at the end.
        let changed =
            (0..60_100).filter(|n| *n != 20_000).map(|n| row(n, if n == 40_000 { 310 } else { 300 }));
        let after = cut(changed);
        let new = after.iter().filter(|chunk| !before.contains(&chunk.bytes)).count();
        assert!((1..=6).contains(&new) && after.len() > 40, "{new} of {}", after.len());
    }
}
