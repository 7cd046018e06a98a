//! The results of an audit: a check of the index against itself, and against the blob store.

use crate::model::{BlobId, Timestamp};

/// The most findings that an audit reports: nobody needs more of them to know that the index is damaged.
pub(super) const MOST: usize = 1000;

/// A contradiction in the index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The problem that was found.
    pub what: &'static str,
    pub detail: String,
}

/// A blob as the index knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlobRow {
    pub id: BlobId,
    pub length: u64,
    /// Whether it lives in the index, and not in the store.
    pub inline: bool,
    /// The number of references to it.
    pub refs: u64,
    /// The time since which nothing refers to it. The store may have deleted it already.
    pub freed: Option<Timestamp>,
}

/// What has been found so far.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// How many more are wanted.
    pub(super) fn wanted(&self) -> i64 {
        i64::try_from(MOST.saturating_sub(self.0.len())).unwrap_or(0)
    }

    /// Adds a finding, and returns whether more are wanted.
    pub(super) fn add(&mut self, what: &'static str, detail: String) -> bool {
        if self.0.len() < MOST {
            self.0.push(Finding { what, detail });
        }
        self.0.len() < MOST
    }

    /// Compares the references that a blob counts with those that exist.
    pub(super) fn references(&mut self, blob: BlobId, counted: i64, exist: i64) -> bool {
        let detail = || format!("blob {blob}: {counted} counted, {exist} there");
        counted == exist || self.add("the references of a blob are miscounted", detail())
    }

    /// Parts name a blob that the index does not know.
    pub(super) fn unknown_blob(&mut self, blob: BlobId, times: i64) -> bool {
        self.add("a part names an unknown blob", format!("blob {blob}, {times} times"))
    }

    /// Adds what is wrong with a version in the history of its key.
    pub(super) fn history(&mut self, wrong: Wrong, bucket: i64, key: &[u8]) -> bool {
        let detail = || format!("bucket's row {bucket}, key {:?}", String::from_utf8_lossy(key));
        let found = [
            (wrong.newest_is_not_latest, "the newest version of a key is not its latest"),
            (wrong.older_is_latest, "an older version of a key is its latest"),
            (wrong.same_time, "two versions of a key share a time"),
            (wrong.second_null, "a key has two null versions"),
        ];
        found.into_iter().filter(|(is_wrong, _)| *is_wrong).all(|(_, what)| self.add(what, detail()))
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}

/// What can be wrong with a version in the history of its key. The newest version of a key is the latest and
/// no other is, no two share a time, and one at most is the null version.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Wrong {
    pub(super) newest_is_not_latest: bool,
    pub(super) older_is_latest: bool,
    pub(super) same_time: bool,
    pub(super) second_null: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::WriterId;

    #[test]
    fn findings_are_bounded() {
        let mut findings = Findings::default();
        for count in 1..MOST {
            assert!(findings.add("wrong", count.to_string()), "{count}");
        }
        assert_eq!(findings.wanted(), 1);
        assert!(!findings.add("wrong", "the last".into()) && !findings.add("wrong", "one too many".into()));
        assert_eq!(findings.wanted(), 0);
        assert_eq!(findings.into_vec().last().unwrap().detail, "the last");
    }

    #[test]
    fn a_right_count_is_no_finding() {
        let mut findings = Findings::default();
        let blob = BlobId::random(WriterId::random());
        assert!(findings.references(blob, 2, 2) && findings.references(blob, 2, 3));
        assert_eq!(findings.into_vec().len(), 1);
    }

    #[test]
    fn each_wrong_of_a_version_is_a_finding() {
        let mut findings = Findings::default();
        assert!(findings.history(Wrong::default(), 1, b"key"));
        let wrong = Wrong { same_time: true, second_null: true, ..Wrong::default() };
        assert!(findings.history(wrong, 1, b"key"));
        let found: Vec<_> = findings.into_vec().into_iter().map(|finding| finding.what).collect();
        assert_eq!(found, ["two versions of a key share a time", "a key has two null versions"]);
    }
}
