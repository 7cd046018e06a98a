//! Rolls up the names of containers at a delimiter.
//!
//! For objects the index does this, because a container may have millions. The containers of an account are
//! few: they are read page by page, and skipped here.

use crate::model::AccountId;
use crate::ops::{BucketPage, BucketRow, ListBuckets};
use crate::swift::listing::{ListedContainer, Page};

/// Containers that are read from the index at once.
const BATCH: u32 = 1_000;

/// A page of a listing with a delimiter, while it is being filled.
pub(crate) struct Rollup {
    account: AccountId,
    page: Page,
    delimiter: String,
    /// The next read begins behind this name.
    marker: Option<String>,
    /// The last subdir. Names in it are skipped; a marker inside a subdir skips the whole subdir.
    subdir: Option<String>,
    rows: Vec<ListedContainer>,
}

impl Rollup {
    /// Starts a page.
    pub(crate) fn new(account: AccountId, page: Page, delimiter: String) -> Self {
        let marker = page.marker.clone();
        let mut rollup = Self { account, page, delimiter, marker, subdir: None, rows: Vec::new() };
        rollup.subdir = rollup.marker.as_deref().and_then(|marker| rollup.subdir_of(marker));
        rollup
    }

    /// The next read; `None` if the page is full.
    pub(crate) fn next(&self) -> Option<ListBuckets> {
        (self.rows.len() < self.page.limit as usize).then(|| ListBuckets {
            account: self.account.clone(),
            prefix: self.page.prefix.clone(),
            marker: self.marker.clone(),
            end_marker: self.page.end_marker.clone(),
            limit: BATCH,
            reverse: self.page.reverse,
        })
    }

    /// Takes the rows of a read. Returns whether more rows may follow.
    pub(crate) fn take(&mut self, read: &BucketPage) -> bool {
        for bucket in &read.rows {
            if self.rows.len() == self.page.limit as usize {
                return false;
            }
            self.take_row(bucket);
        }
        if let Some(last) = read.rows.last() {
            self.marker = Some(self.after(last.bucket.name.as_str()));
        }
        read.truncated
    }

    /// The page's rows.
    pub(crate) fn into_rows(self) -> Vec<ListedContainer> {
        self.rows
    }

    fn take_row(&mut self, bucket: &BucketRow) {
        let subdir = self.subdir_of(bucket.bucket.name.as_str());
        match subdir {
            None => self.rows.push(ListedContainer::of(bucket)),
            Some(subdir) if self.subdir.as_ref() == Some(&subdir) => {}
            Some(subdir) => {
                self.rows.push(ListedContainer::Subdir(subdir.clone()));
                self.subdir = Some(subdir);
            }
        }
    }

    /// The subdir to which a name is rolled up, if it is.
    fn subdir_of(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(self.page.prefix.as_str())?;
        let end = self.page.prefix.len() + rest.find(self.delimiter.as_str())? + self.delimiter.len();
        Some(name[..end].to_owned())
    }

    /// The marker behind this name. If the name is in a subdir, the marker is behind the whole subdir.
    fn after(&self, name: &str) -> String {
        match &self.subdir {
            Some(subdir) if name.starts_with(subdir) && self.page.reverse => subdir.clone(),
            // No name of the subdir sorts behind this: no character is greater, and no name is longer.
            Some(subdir) if name.starts_with(subdir) => format!("{subdir}{}", "\u{10ffff}".repeat(64)),
            _ => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query::Query;
    use crate::model::{BucketId, BucketName, Timestamp};
    use crate::ops::{BucketRecord, Usage, Versioning};

    fn bucket(name: &str) -> BucketRow {
        let bucket = BucketRecord {
            id: BucketId([0; 16]),
            account: AccountId::new("a"),
            name: BucketName::new(name).unwrap(),
            registered: false,
            created: Timestamp::from_seconds(0),
            modified: Timestamp::from_seconds(0),
            versioning: Versioning::Off,
            metadata: std::collections::BTreeMap::new(),
            settings_generation: 0,
        };
        BucketRow { bucket, usage: Usage::default() }
    }

    /// Reads two names at a time, as an index does.
    fn read(names: &[&str], query: &ListBuckets) -> BucketPage {
        let after = |name: &str, marker: &str| if query.reverse { name < marker } else { name > marker };
        let mut names: Vec<_> = names
            .iter()
            .copied()
            .filter(|name| name.starts_with(&query.prefix))
            .filter(|name| query.marker.as_ref().is_none_or(|marker| after(name, marker)))
            .filter(|name| query.end_marker.as_ref().is_none_or(|end| after(end, name)))
            .collect();
        names.sort_unstable();
        if query.reverse {
            names.reverse();
        }
        BucketPage { truncated: names.len() > 2, rows: names.into_iter().take(2).map(bucket).collect() }
    }

    fn listed(names: &[&str], query: &str) -> Vec<String> {
        let page = Page::parse(&Query::parse(query)).unwrap();
        let delimiter = page.delimiter.clone().unwrap();
        let mut rollup = Rollup::new(AccountId::new("a"), page, delimiter);
        while let Some(query) = rollup.next() {
            if !rollup.take(&read(names, &query)) {
                break;
            }
        }
        rollup
            .into_rows()
            .into_iter()
            .map(|row| match row {
                ListedContainer::Container { name, .. } | ListedContainer::Subdir(name) => name,
            })
            .collect()
    }

    #[test]
    fn names_are_rolled_up_across_pages() {
        let names = ["a", "a-1", "a-2", "a-3", "a-\u{10ffff}", "b", "c-", "c-1", "d"];
        for (query, expected) in [
            ("delimiter=-", &["a", "a-", "b", "c-", "d"][..]),
            ("delimiter=-&reverse=1", &["d", "c-", "b", "a-", "a"]),
            ("delimiter=-&limit=2", &["a", "a-"]),
            ("delimiter=-&marker=a-", &["b", "c-", "d"]),
            ("delimiter=-&marker=a-2&limit=1", &["b"]),
            ("delimiter=-&prefix=a-", &["a-1", "a-2", "a-3", "a-\u{10ffff}"]),
            ("delimiter=-&end_marker=b", &["a", "a-"]),
            ("delimiter=-&reverse=1&marker=c-&limit=2", &["b", "a-"]),
            ("delimiter=--", &names),
        ] {
            assert_eq!(listed(&names, query), expected, "{query}");
        }
    }
}
