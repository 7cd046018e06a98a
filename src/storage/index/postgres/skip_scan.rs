//! The skip scan of all listings.
//!
//! Without a delimiter, a page is one statement, which reads along the keys from the beginning of the page.
//! With a delimiter, a short run along the keys comes first, which is all of a small page. The run shows how
//! to continue. If most keys are rows of the page, a longer run follows. If many lie under common prefixes, a
//! statement follows that leaves each prefix by a seek past its last key, with all seeks in the database. So
//! a page costs as much as it shows, however many keys lie under its prefixes.
//!
//! A statement that steps returns its rows in the order of its steps, because of the way the database runs
//! it: one step after the other, each with its rows, until there are enough.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::super::key_scan::KeyScan;
use super::super::range::{Keys, past_prefix, successor};
use super::transaction::Snapshot;
use crate::model::BucketId;
use crate::storage::Error;
use crate::storage::index::Result;

/// The number of rows of the first run with a delimiter: few enough to be cheap if all lie under one common
/// prefix.
const FIRST_RUN: usize = 100;

/// Reads the pages of a listing.
pub(super) struct SkipScan<'q> {
    pub(super) bucket: BucketId,
    pub(super) scan: KeyScan<'q>,
}

/// The statements of a listing in one direction. The second column of their rows is a key, the last one a
/// common prefix or null. Their parameters are the bucket's id, the bounds of the range and the limit; for
/// `steps` also the length of the prefix and the delimiter.
#[derive(Clone, Copy)]
pub(super) struct Statements {
    /// Reads along the keys.
    pub(super) range: &'static str,
    /// Steps from common prefix to common prefix, and key to key.
    pub(super) steps: &'static str,
}

/// The statement that steps forwards. `$next` finds the next key at or after `steps.bound`, `$rows` the rows
/// of `steps.key`.
macro_rules! forwards {
    ($next:literal, $rows:literal) => {
        concat!(
            "WITH RECURSIVE steps (nr, key, common, bound) AS (
                 SELECT 0::bigint, NULL::bytea, NULL::bytea, $2::bytea
                 UNION ALL
                 SELECT steps.nr + 1, next.key, rolled.common,
                     CASE WHEN rolled.common IS NULL THEN next.key || '\\x00'::bytea
                          ELSE set_byte(rolled.common, length(rolled.common) - 1,
                                        get_byte(rolled.common, length(rolled.common) - 1) + 1) END
                 FROM steps
                 CROSS JOIN LATERAL (",
            $next,
            ") next
                 CROSS JOIN LATERAL (
                     SELECT position($6::bytea IN substring(next.key FROM $5::bigint::int + 1)) AS at OFFSET 0
                 ) delimiter
                 CROSS JOIN LATERAL (
                     SELECT CASE WHEN delimiter.at > 0
                         THEN substring(next.key FOR $5::bigint::int + delimiter.at - 1 + length($6)) END AS common
                     OFFSET 0
                 ) rolled
                 WHERE steps.nr < $4::bigint AND next.key IS NOT NULL
             )
             SELECT found.*, steps.common FROM steps LEFT JOIN LATERAL (",
            $rows,
            ") found ON true WHERE steps.nr > 0 LIMIT $4"
        )
    };
}

/// The same backwards: the next key lies before `steps.bound`.
macro_rules! backwards {
    ($next:literal, $rows:literal) => {
        concat!(
            "WITH RECURSIVE steps (nr, key, common, bound) AS (
                 SELECT 0::bigint, NULL::bytea, NULL::bytea, $3::bytea
                 UNION ALL
                 SELECT steps.nr + 1, next.key, rolled.common, coalesce(rolled.common, next.key)
                 FROM steps
                 CROSS JOIN LATERAL (",
            $next,
            ") next
                 CROSS JOIN LATERAL (
                     SELECT position($6::bytea IN substring(next.key FROM $5::bigint::int + 1)) AS at OFFSET 0
                 ) delimiter
                 CROSS JOIN LATERAL (
                     SELECT CASE WHEN delimiter.at > 0
                         THEN substring(next.key FOR $5::bigint::int + delimiter.at - 1 + length($6)) END AS common
                     OFFSET 0
                 ) rolled
                 WHERE steps.nr < $4::bigint AND next.key IS NOT NULL
             )
             SELECT found.*, steps.common FROM steps LEFT JOIN LATERAL (",
            $rows,
            ") found ON true WHERE steps.nr > 0 LIMIT $4"
        )
    };
}

pub(super) use {backwards, forwards};

impl SkipScan<'_> {
    /// Reads a page, and whether more follows. `first` are rows that come before those of the range.
    pub(super) async fn page<R>(
        &self,
        db: &Snapshot,
        statements: Statements,
        mut keys: Keys,
        first: &[Row],
        reader: &RowReader<R>,
    ) -> Result<(Vec<R>, bool)> {
        let mut page =
            Page { scan: &self.scan, reader, rows: Vec::new(), hidden: self.scan.hidden(), inside: None };
        if let Some(hidden) = page.hidden {
            keys.from = keys.from.max(past_prefix(hidden.as_bytes()));
        }
        for row in first {
            page.take(row)?;
        }
        if self.scan.limit == 0 || keys.is_empty() || page.is_over() {
            return Ok(page.close());
        }
        // Without a delimiter, one run is the page. With a delimiter, a short run shows whether to continue
        // along the keys or by seeks.
        let mut size = self.scan.limit + 1;
        let mut is_first = self.scan.delimiter.is_some();
        if is_first {
            size = size.min(FIRST_RUN);
        }
        loop {
            let params: [&(dyn ToSql + Sync); 4] = [&self.bucket, &keys.from, &keys.until, &wanted(size)];
            let run = db.all(statements.range, &params).await?;
            for row in &run {
                page.take(row)?;
            }
            let Some(last) = run.last().filter(|_| run.len() == size && !page.is_over()) else {
                return Ok(page.close());
            };
            self.pass(&mut keys, &run, last.try_get(1)?, &mut page)?;
            size = self.scan.limit + 1 - page.rows.len();
            if !std::mem::take(&mut is_first) || 2 * page.rows.len() <= run.len() {
                break;
            }
        }
        let delimiter = self.scan.delimiter.unwrap_or_default().as_bytes();
        let (missing, length) = (wanted(size), wanted(self.scan.prefix.len()));
        let params: [&(dyn ToSql + Sync); 6] =
            [&self.bucket, &keys.from, &keys.until, &missing, &length, &delimiter];
        for row in &db.all(statements.steps, &params).await? {
            match row.try_get::<_, Option<&[u8]>>(row.len() - 1)? {
                Some(common) => page.rows.push((reader.common)(text(common)?.to_owned())),
                None => page.rows.push((reader.read)(row)?),
            }
        }
        Ok(page.close())
    }

    /// Moves a bound past the last key of a run, or past its common prefix.
    fn pass<R>(&self, keys: &mut Keys, run: &[Row], last: &[u8], page: &mut Page<'_, R>) -> Result<()> {
        match (self.scan.common_prefix(last)?, self.scan.reverse) {
            (Some(common), true) => keys.until = common.as_bytes().to_vec(),
            (Some(common), false) => keys.from = past_prefix(common.as_bytes()),
            // More rows of the key may follow: the next statement begins with all of them.
            (None, reverse) => {
                let same =
                    run.iter().rev().take_while(|row| row.try_get(1).is_ok_and(|key: &[u8]| key == last));
                page.rows.truncate(page.rows.len().saturating_sub(same.count()));
                if reverse {
                    keys.until = successor(last);
                } else {
                    keys.from = last.to_vec();
                }
            }
        }
        Ok(())
    }
}

/// The functions that make the rows of a listing.
pub(super) struct RowReader<R> {
    pub(super) read: fn(&Row) -> Result<R>,
    pub(super) common: fn(String) -> R,
}

/// A page that is being read.
struct Page<'p, R> {
    scan: &'p KeyScan<'p>,
    reader: &'p RowReader<R>,
    rows: Vec<R>,
    /// The common prefix that is not shown.
    hidden: Option<&'p str>,
    /// The common prefix of the last key.
    inside: Option<String>,
}

impl<R> Page<'_, R> {
    /// Takes the next row. Of the rows under a common prefix, the first makes a row of the page.
    fn take(&mut self, row: &Row) -> Result<()> {
        let key: &[u8] = row.try_get(1)?;
        match self.scan.common_prefix(key)? {
            None => self.rows.push((self.reader.read)(row)?),
            Some(common) if self.hidden == Some(common) || self.inside.as_deref() == Some(common) => {}
            Some(common) => {
                self.rows.push((self.reader.common)(common.to_owned()));
                self.inside = Some(common.to_owned());
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.rows.len() > self.scan.limit
    }

    fn close(mut self) -> (Vec<R>, bool) {
        let truncated = self.scan.limit > 0 && self.is_over();
        self.rows.truncate(self.scan.limit);
        (self.rows, truncated)
    }
}

fn text(key: &[u8]) -> Result<&str> {
    std::str::from_utf8(key).map_err(|error| Error::Damaged(error.to_string()))
}

fn wanted(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
