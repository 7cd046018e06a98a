//! Listing versions and delete markers. Two indexes are read side by side: the current objects, and all other
//! versions.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Params, Row, params};

use super::super::brief::{OLD, version_id};
use super::super::key_scan::{KeyScan, beginning, marked_version};
use super::super::range::{Keys, successor};
use super::connection::Snapshot;
use super::skip_scan::{SkipScan, Visit};
use super::values::Count;
use super::{bucket_facts, versions};
use crate::model::{ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{ListVersions, Result, VersionPage, VersionRow};

/// The two statements of a listing: of the current objects, and of the other versions.
type Pair = [&'static str; 2];

const FORWARDS: Pair = [
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, 0, 1 FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key",
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
     WHERE bucket = ?1 AND state <> 1 AND key >= ?2 AND key < ?3 ORDER BY key, created DESC",
];
const BACKWARDS: Pair = [
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, 0, 1 FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key DESC",
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
     WHERE bucket = ?1 AND state <> 1 AND key >= ?2 AND key < ?3 ORDER BY key DESC, created",
];
/// Versions of one key that are older than a time.
const OLDER: Pair = [
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, 0, 1 FROM versions
     WHERE bucket = ?1 AND state = 1 AND key = ?2 AND created < ?3",
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
     WHERE bucket = ?1 AND state <> 1 AND key = ?2 AND created < ?3 ORDER BY created DESC",
];
/// Versions of one key that are newer than a time.
const NEWER: Pair = [
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, 0, 1 FROM versions
     WHERE bucket = ?1 AND state = 1 AND key = ?2 AND created > ?3",
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
     WHERE bucket = ?1 AND state <> 1 AND key = ?2 AND created > ?3 ORDER BY created",
];

pub(super) fn list(db: &Snapshot<'_>, query: &ListVersions) -> Result<VersionPage> {
    let bucket = bucket_facts::find(db, query.bucket)?.nr;
    let reverse = query.keys.reverse;
    let (scan, mut keys) = KeyScan::of_objects(&query.keys);
    let rest = rest_of_key(db, bucket, query)?;
    if let Some(Rest { key, .. }) = &rest {
        keys.widen(key.as_str().as_bytes(), reverse);
    }
    let mut unread = rest.as_ref();
    let (rows, truncated) = SkipScan::new(scan).page(keys, VersionRow::Prefix, |keys, visit| {
        if let Some(Rest { key, time }) = unread.take() {
            let pair = if reverse { NEWER } else { OLDER };
            if !merge(db, pair, params![bucket, key, time], reverse, visit)? {
                return Ok(());
            }
        }
        let mut keys = keys.clone();
        if let Some(Rest { key, .. }) = &rest {
            keys.leave(key.as_str().as_bytes(), reverse);
        }
        let pair = if reverse { BACKWARDS } else { FORWARDS };
        merge(db, pair, params![bucket, keys.from, keys.until], reverse, visit).map(|_| ())
    })?;
    Ok(VersionPage { rows, truncated })
}

/// The versions of the marker's key beyond the marked version.
struct Rest {
    key: ObjectKey,
    time: Timestamp,
}

fn rest_of_key(db: &Snapshot<'_>, bucket: i64, query: &ListVersions) -> Result<Option<Rest>> {
    let Some((key, id)) = marked_version(query) else { return Ok(None) };
    let time = match id {
        VersionId::At(time) => time,
        VersionId::Null => {
            let null = versions::by_id(db, bucket, &key, id)?;
            null.map_or_else(|| beginning(query.keys.reverse), |null| null.created)
        }
    };
    Ok(Some(Rest { key, time }))
}

/// Visits the rows of both statements in the listing's order. Returns `false` once the page is full. The
/// current object of a key is its newest version.
fn merge(
    db: &Snapshot<'_>,
    [current, rest]: Pair,
    params: impl Params + Clone,
    reverse: bool,
    visit: Visit<'_, VersionRow>,
) -> Result<bool> {
    let (mut current, mut rest) = (db.prepare(current)?, db.prepare(rest)?);
    let (mut current, mut rest) = (current.query(params.clone())?, rest.query(params)?);
    current.advance()?;
    rest.advance()?;
    loop {
        let take_current = match (current.get(), rest.get()) {
            (None, None) => return Ok(true),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(newest), Some(other)) => match key(newest)?.cmp(key(other)?) {
                Ordering::Equal | Ordering::Less => !reverse,
                Ordering::Greater => reverse,
            },
        };
        let rows = if take_current { &mut current } else { &mut rest };
        if let Some(row) = rows.get()
            && !visit(key(row)?, &|| Ok(read(row)?))?
        {
            return Ok(false);
        }
        rows.advance()?;
    }
}

fn key<'r>(row: &'r Row<'_>) -> Result<&'r [u8]> {
    row.get_ref(0)?.as_blob().map_err(Error::from)
}

fn read(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    let marker: bool = row.get(9)?;
    Ok(VersionRow::Version {
        key: row.get(0)?,
        version_id: version_id(row.get(1)?, row.get(2)?),
        latest: row.get::<_, i64>(10)? != OLD,
        marker,
        modified: row.get(3)?,
        size: row.get::<_, Count>(4)?.0,
        mode: if marker { None } else { Some(row.get(5)?) },
        part_count: row.get(6)?,
        etag: row.get(7)?,
        content_type: row.get(8)?,
    })
}

impl Keys {
    /// Takes in one more key at the beginning (the end, when reversed).
    fn widen(&mut self, key: &[u8], reverse: bool) {
        if reverse {
            self.until = successor(key);
        } else {
            self.from = key.to_vec();
        }
    }

    /// Leaves out all keys up to this one (from it on, when reversed).
    fn leave(&mut self, key: &[u8], reverse: bool) {
        if reverse {
            self.until = self.until.as_slice().min(key).to_vec();
        } else {
            let next = successor(key);
            if next > self.from {
                self.from = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::index::sqlite::schema;

    #[test]
    fn a_listing_reads_along_its_indexes_and_nothing_else() {
        for (pair, bounds) in [
            (FORWARDS, "bucket=? AND key>? AND key<?"),
            (BACKWARDS, "bucket=? AND key>? AND key<?"),
            (OLDER, "bucket=? AND key=?"),
            (NEWER, "bucket=? AND key=?"),
        ] {
            let [current, rest] = pair.map(schema::plan);
            assert_eq!(
                current,
                [format!("SEARCH versions USING COVERING INDEX versions_current ({bounds})")]
            );
            let bounds = match bounds {
                "bucket=? AND key=?" if pair == OLDER => "bucket=? AND key=? AND created<?",
                "bucket=? AND key=?" => "bucket=? AND key=? AND created>?",
                other => other,
            };
            assert_eq!(rest, [format!("SEARCH versions USING COVERING INDEX versions_rest ({bounds})")]);
        }
    }
}
