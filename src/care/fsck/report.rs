//! What a check found.

use serde::Serialize;

use crate::model::BlobId;

/// Findings that are told one by one. The rest are counted.
const MOST: usize = 10_000;

/// The outcome of a check.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Report {
    /// Whether the seals were verified too.
    pub deep: bool,
    /// Blobs that the index knows and refers to.
    pub blobs: u64,
    /// Those of them that live in the index.
    pub inline_blobs: u64,
    /// Blobs without references that wait for their deletion.
    pub freed_blobs: u64,
    /// Versions whose seals were verified.
    pub versions: u64,
    /// Uploads whose seals were verified.
    pub uploads: u64,
    /// What is not published, or not yet.
    pub leftovers: Leftovers,
    /// Blobs that are referred to and not there: the first ten thousand.
    #[serde(skip)]
    pub missing: Vec<BlobId>,
    /// Objects that have lost data with them, and unfinished uploads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// The backup from which the index was restored, or the time to which it was set back, where that was accepted with this check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// How many findings there are.
    pub count: u64,
    /// What is wrong: the first ten thousand.
    pub findings: Vec<Finding>,
}

/// What writes left behind that came to nothing, and what running ones have not published yet. Harmless: what its process
/// does not publish is swept after the process's end.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Leftovers {
    /// Whole blobs that are not published.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files of blobs that were not written to their end.
    pub unfinished: u64,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// What and where.
    pub detail: String,
}

/// What can be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The index contradicts itself.
    Index,
    /// The index refers to a blob that is not in the store: an object has lost its data.
    MissingBlob,
    /// A stored blob has not the size that its plaintext's length implies.
    WrongSize,
    /// A stored blob that the index does not know, of a writer that it does not know or has done with. Space is lost, or
    /// the index is older than the store.
    StrayBlob,
    /// A file in the store that is none of ours.
    Stranger,
    /// A seal does not open: what stands in the index or in the store was changed.
    Seal,
}

impl FindingKind {
    /// Its name in a report for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::MissingBlob => "missing blob",
            Self::WrongSize => "wrong size",
            Self::StrayBlob => "stray blob",
            Self::Stranger => "stranger",
            Self::Seal => "seal",
        }
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }

    /// Notes what is wrong with a blob.
    pub(super) fn add_blob(&mut self, kind: FindingKind, id: BlobId, what: &str) {
        self.add(kind, format!("blob {id}: {what}"));
        if kind == FindingKind::MissingBlob && self.missing.len() < MOST {
            self.missing.push(id);
        }
    }

    /// Notes something that is wrong.
    pub(super) fn add(&mut self, kind: FindingKind, detail: String) {
        self.count += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { kind, detail });
        }
    }
}
