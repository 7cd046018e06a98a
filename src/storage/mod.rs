//! The persistent state: sealed blobs in an object store, and the index that gives them names, order and
//! meaning.
//!
//! The storage layer never sees a key or a plaintext: it takes sealed bytes and opaque envelopes from `ops`.

pub mod backup;
pub mod blobs;
pub mod disk;
pub mod error;
pub mod folders;
pub mod index;
pub mod pins;

pub use error::Error;
