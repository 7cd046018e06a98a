//! What a check of the index against itself and against the blob store gives.

use crate::model::{BlobId, Timestamp};

/// Something in the index that contradicts something else in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What is wrong.
    pub what: &'static str,
    /// Where.
    pub detail: String,
}

/// A blob as the index knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlobRow {
    /// Which.
    pub id: BlobId,
    /// Plaintext bytes.
    pub length: u64,
    /// Whether it lives in the index, and not in the store.
    pub inline: bool,
    /// How many parts refer to it.
    pub refs: u64,
    /// Since when none does. The store may have deleted it already.
    pub freed: Option<Timestamp>,
}
