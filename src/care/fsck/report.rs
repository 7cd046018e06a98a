//! The report of a check.

use serde::Serialize;

use crate::model::BlobId;

/// The most findings that are listed one by one. The others are only counted.
const MOST: usize = 10_000;

/// The outcome of a check.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Report {
    /// Whether the seals were verified too.
    pub deep: bool,
    /// Blobs that the index knows and refers to.
    pub blobs: u64,
    /// The blobs among them that live in the index.
    pub inline_blobs: u64,
    /// Blobs without references, which wait for their deletion.
    pub freed_blobs: u64,
    /// Versions whose seals were verified.
    pub versions: u64,
    /// Uploads whose seals were verified.
    pub uploads: u64,
    /// Blobs that are not published, or not yet.
    pub leftovers: Leftovers,
    /// Missing blobs that the index refers to, at most 10,000.
    #[serde(skip)]
    pub missing: Vec<BlobId>,
    /// Versions and unfinished uploads that have lost data with these blobs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// If this check accepted a restored index: the backup that it was restored from, or the time to which it
    /// was set back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The number of all findings, listed or not.
    pub count: u64,
    /// The listed findings, at most 10,000.
    pub findings: Vec<Finding>,
}

/// Blobs of writes that were given up, and of running writes that have not published them yet. They are
/// harmless: if their process does not publish them, they are swept after the end of that process.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Leftovers {
    /// Whole blobs that are not published.
    pub blobs: u64,
    /// The bytes of these whole blobs.
    pub bytes: u64,
    /// Files of blobs that were not written to their end.
    pub unfinished: u64,
}

/// One fault of an installation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The damaged thing, its location and the fault, in one line.
    pub detail: String,
}

/// The kinds of faults that a check finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The index contradicts itself.
    Index,
    /// The index refers to a blob that is not in the store: an object has lost its data.
    MissingBlob,
    /// The size of a stored blob does not match the length of its plaintext.
    WrongSize,
    /// The index does not know a stored blob, and does not know its writer or has swept it. Either space is
    /// lost, or the index is older than the store.
    StrayBlob,
    /// A file in the store that Cardea did not write.
    Stranger,
    /// A seal does not open: data in the index or in the store was changed.
    Seal,
}

impl FindingKind {
    /// The spelling in a report for people.
    pub(crate) const fn name(self) -> &'static str {
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
    /// Whether the check found no fault.
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }

    /// Adds a fault of a blob.
    pub(super) fn add_blob(&mut self, kind: FindingKind, id: BlobId, what: &str) {
        self.add(kind, format!("blob {id}: {what}"));
        if kind == FindingKind::MissingBlob && self.missing.len() < MOST {
            self.missing.push(id);
        }
    }

    /// Adds a fault.
    pub(super) fn add(&mut self, kind: FindingKind, detail: String) {
        self.count += 1;
        if self.findings.len() < MOST {
            self.findings.push(Finding { kind, detail });
        }
    }
}
