//! Counts of requests to the object store, for the metrics, and for tests that prove that a copy moves no
//! byte.

use std::sync::atomic::{AtomicU64, Ordering};

/// Requests to the object store since the start.
#[derive(Default, Debug)]
pub struct RequestCounts {
    puts: AtomicU64,
    gets: AtomicU64,
    deletes: AtomicU64,
}

impl RequestCounts {
    /// Writes: whole blobs, parts, and the start and end of a multipart upload.
    pub fn puts(&self) -> u64 {
        self.puts.load(Ordering::Relaxed)
    }

    /// Reads: ranges and sizes.
    pub fn gets(&self) -> u64 {
        self.gets.load(Ordering::Relaxed)
    }

    /// Deletions: one for each blob.
    pub fn deletes(&self) -> u64 {
        self.deletes.load(Ordering::Relaxed)
    }

    pub(super) fn put(&self) {
        self.puts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) {
        self.gets.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn delete(&self, blobs: usize) {
        self.deletes.fetch_add(blobs as u64, Ordering::Relaxed);
    }
}
