//! The blob stores that the blob suite runs over.

pub mod blobs;

use cardea::storage::blobs::{BlobOptions, BlobStore};

/// A blob store that goes with the test.
pub struct Store {
    pub blobs: BlobStore,
    pub folder: Option<tempfile::TempDir>,
    /// Whether it is in this process: then a blob is put only if its name is free.
    pub is_local: bool,
    pub url: String,
    pub options: BlobOptions,
}

impl Store {
    pub fn over(url: String, options: BlobOptions) -> Self {
        let is_local = url.starts_with("file:") || url.starts_with("memory:");
        Self { blobs: BlobStore::open(&url, &options).unwrap(), folder: None, is_local, url, options }
    }

    /// The same store, opened as by another process.
    pub fn again(&self) -> BlobStore {
        match self.url.as_str() {
            "memory://" => self.blobs.clone(),
            url => BlobStore::open(url, &self.options).unwrap(),
        }
    }

    /// The same store, opened with hardly any memory for uploads.
    pub fn starved(&self) -> BlobStore {
        let url = if self.url == "memory://" { self.url.clone() } else { format!("{}/small", self.url) };
        BlobStore::open(&url, &BlobOptions { buffer_budget: 0, ..self.options.clone() }).unwrap()
    }
}
