//! Rolls containers' names up at a delimiter.
//!
//! The index does this for objects, of which a container may have millions; the containers of an account are few enough
//! to be read and passed over here, a page at a time.

use super::get::row;
use crate::model::AccountId;
use crate::ops::{BucketPage, BucketRow, ListBuckets};
use crate::swift::listing::{ContainerRow, Page};

/// Containers that are read at once.
const BATCH: u32 = 1_000;

/// A page of a listing with a delimiter.
pub struct Rollup {
    account: AccountId,
    page: Page,
    delimiter: String,
    /// The name before the next one that is read.
    marker: Option<String>,
    /// The last subdir: names in it are passed over. A marker in a subdir skips all of it.
    subdir: Option<String>,
    rows: Vec<ContainerRow>,
}

impl Rollup {
    /// Starts a page.
    pub fn new(account: AccountId, page: Page, delimiter: String) -> Self {
        let marker = page.marker.clone();
        let mut rollup = Self { account, page, delimiter, marker, subdir: None, rows: Vec::new() };
        rollup.subdir = rollup.marker.as_deref().and_then(|marker| rollup.subdir_of(marker));
        rollup
    }

    /// What to read next; `None` once the page is full.
    pub fn next(&self) -> Option<ListBuckets> {
        (self.rows.len() < self.page.limit as usize).then(|| ListBuckets {
            account: self.account.clone(),
            prefix: self.page.prefix.clone(),
            marker: self.marker.clone(),
            end_marker: self.page.end_marker.clone(),
            limit: BATCH,
            reverse: self.page.reverse,
        })
    }

    /// Takes what was read. Tells whether there may be more.
    pub fn take(&mut self, read: &BucketPage) -> bool {
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
    pub fn into_rows(self) -> Vec<ContainerRow> {
        self.rows
    }

    fn take_row(&mut self, bucket: &BucketRow) {
        let subdir = self.subdir_of(bucket.bucket.name.as_str());
        match subdir {
            None => self.rows.push(row(bucket)),
            Some(subdir) if self.subdir.as_ref() == Some(&subdir) => {}
            Some(subdir) => {
                self.rows.push(ContainerRow::Subdir(subdir.clone()));
                self.subdir = Some(subdir);
            }
        }
    }

    /// What a name is rolled up to.
    fn subdir_of(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(self.page.prefix.as_str())?;
        let end = self.page.prefix.len() + rest.find(self.delimiter.as_str())? + self.delimiter.len();
        Some(name[..end].to_owned())
    }

    /// The marker after this name: beyond the rest of its subdir, where it is in one.
    fn after(&self, name: &str) -> String {
        match &self.subdir {
            Some(subdir) if name.starts_with(subdir) && self.page.reverse => subdir.clone(),
            // No name sorts after this in the subdir: there is no greater character, and no room for more of them.
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

    /// Reads two names at a time, as an index would.
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
                ContainerRow::Container { name, .. } | ContainerRow::Subdir(name) => name,
            })
            .collect()
    }

    #[test]
    fn rolls_up_across_pages() {
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
