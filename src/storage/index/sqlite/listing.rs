//! Listing current objects: a skip scan. Each common prefix is left by one seek past its last key, so that a page costs
//! what it shows, however many objects lie under its prefixes.

use rusqlite::{Row, params};

use super::buckets;
use super::connection::Snapshot;
use super::range::{Keys, past_prefix};
use super::values::{Count, Name};
use super::versions::version_id;
use crate::storage::index::{BucketAddress, ListObjects, ObjectPage, ObjectRow, Result};

/// Keys of one common prefix that are stepped over before a seek: a step is cheaper, a seek is bounded.
const STEPS: u32 = 4;

pub(super) fn list(db: &Snapshot<'_>, query: &ListObjects) -> Result<ObjectPage> {
    let bucket = buckets::find(db, &BucketAddress::Id(query.bucket))?.nr;
    if query.limit == 0 {
        return Ok(ObjectPage::default());
    }
    let (marker, end) = (query.marker.as_deref(), query.end_marker.as_deref());
    let (after, before) = if query.reverse { (end, marker) } else { (marker, end) };
    let keys = Keys::new(&query.prefix, after, before);
    match query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty()) {
        None => flat(db, bucket, query, &keys),
        Some(delimiter) => {
            let scan = SkipScan { db, bucket, query, delimiter, after, rows: Vec::new() };
            scan.run(keys)
        }
    }
}

const FORWARDS: &str =
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT ?4";
const BACKWARDS: &str =
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key DESC LIMIT ?4";

fn flat(db: &Snapshot<'_>, bucket: i64, query: &ListObjects, keys: &Keys) -> Result<ObjectPage> {
    let sql = if query.reverse { BACKWARDS } else { FORWARDS };
    let limit = query.limit as usize;
    let mut rows =
        db.all(sql, params![bucket, keys.from, keys.until, i64::from(query.limit) + 1], read_object)?;
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    Ok(ObjectPage { rows, truncated })
}

fn read_object(row: &Row<'_>) -> rusqlite::Result<ObjectRow> {
    Ok(ObjectRow::Object {
        key: row.get(0)?,
        version_id: version_id(row.get(1)?, row.get(2)?),
        modified: row.get(3)?,
        size: row.get::<_, Count>(4)?.0,
        mode: row.get(5)?,
        part_count: row.get(6)?,
        etag: row.get(7)?,
        content_type: row.get(8)?,
    })
}

struct SkipScan<'a> {
    db: &'a Snapshot<'a>,
    bucket: i64,
    query: &'a ListObjects,
    delimiter: &'a str,
    /// The lower bound, exclusive.
    after: Option<&'a str>,
    rows: Vec<ObjectRow>,
}

impl SkipScan<'_> {
    fn run(mut self, mut keys: Keys) -> Result<ObjectPage> {
        while !keys.is_empty() {
            match self.stretch(&keys)? {
                Stretch::Full => return Ok(ObjectPage { rows: self.rows, truncated: true }),
                Stretch::End => break,
                Stretch::Prefix(prefix) if self.query.reverse => keys.until = prefix.into_bytes(),
                Stretch::Prefix(prefix) => keys.from = past_prefix(prefix.as_bytes()),
            }
        }
        Ok(ObjectPage { rows: self.rows, truncated: false })
    }

    /// Goes on along the keys until the page is full, the keys end, or a common prefix is worth a seek.
    fn stretch(&mut self, keys: &Keys) -> Result<Stretch> {
        let sql = if self.query.reverse { BACKWARDS } else { FORWARDS };
        let (db, bucket) = (self.db, self.bucket);
        let mut outcome = Stretch::End;
        let mut inside: Option<String> = None;
        let mut steps = 0;
        db.scan(sql, params![bucket, keys.from, keys.until, i64::MAX], |row| {
            let key = row.get_ref(0)?.as_blob()?;
            if let Some(prefix) = inside.as_ref().filter(|prefix| key.starts_with(prefix.as_bytes())) {
                steps += 1;
                if steps >= STEPS {
                    outcome = Stretch::Prefix(prefix.clone());
                    return Ok(false);
                }
                return Ok(true);
            }
            let Name(key) = row.get(0)?;
            let prefix = self.common_prefix(&key);
            if prefix.is_some_and(|prefix| !self.shows(prefix)) {
                (inside, steps) = (prefix.map(str::to_owned), 0);
                return Ok(true);
            }
            if self.rows.len() == self.query.limit as usize {
                outcome = Stretch::Full;
                return Ok(false);
            }
            if let Some(prefix) = prefix {
                self.rows.push(ObjectRow::Prefix(prefix.to_owned()));
                (inside, steps) = (Some(prefix.to_owned()), 0);
            } else {
                self.rows.push(read_object(row)?);
            }
            Ok(true)
        })?;
        Ok(outcome)
    }

    /// The key up to and with the first delimiter after the prefix.
    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let found = key.get(self.query.prefix.len()..)?.find(self.delimiter)?;
        key.get(..self.query.prefix.len() + found + self.delimiter.len())
    }

    /// Whether a common prefix is a row: not when it is the lower bound itself, which was the last row of the page
    /// before, and not when the lower bound lies inside it, where the caller wants that.
    fn shows(&self, prefix: &str) -> bool {
        match self.after {
            Some(after) if after == prefix => false,
            Some(after) => !(self.query.marker_skips_prefix && after.starts_with(prefix)),
            None => true,
        }
    }
}

enum Stretch {
    /// The page is full and more follows.
    Full,
    /// There are no more keys.
    End,
    /// The rest of this common prefix is to be skipped.
    Prefix(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::index::sqlite::schema;

    #[test]
    fn a_listing_reads_its_index_and_nothing_else() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        for sql in [FORWARDS, BACKWARDS] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.query_map(params![1, b"a", b"b", 9], |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<_> = plan.map(|step| step.unwrap()).collect();
            let expected =
                "SEARCH versions USING COVERING INDEX versions_current (bucket=? AND key>? AND key<?)";
            assert_eq!(plan, [expected]);
        }
    }
}
