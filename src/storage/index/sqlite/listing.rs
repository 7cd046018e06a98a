//! Listing current objects.

use rusqlite::{Row, params};

use super::super::brief::version_id;
use super::super::key_scan::KeyScan;
use super::bucket_facts;
use super::connection::Snapshot;
use super::skip_scan::SkipScan;
use super::values::Count;
use crate::storage::index::{ListObjects, ObjectPage, ObjectRow, Result};

pub(super) fn list(db: &Snapshot<'_>, query: &ListObjects) -> Result<ObjectPage> {
    let bucket = bucket_facts::find(db, query.bucket)?.nr;
    let (scan, keys) = KeyScan::of_objects(&query.keys);
    let sql = if query.keys.reverse { BACKWARDS } else { FORWARDS };
    let (rows, truncated) = SkipScan::new(scan).page(keys, ObjectRow::Prefix, |keys, visit| {
        db.scan(sql, params![bucket, keys.from, keys.until], |row| {
            visit(row.get_ref(0)?.as_blob()?, &|| Ok(read_object(row)?))
        })
    })?;
    Ok(ObjectPage { rows, truncated })
}

const FORWARDS: &str =
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key";
const BACKWARDS: &str =
    "SELECT key, null_id, created, modified, size, mode, part_count, etag, content_type FROM versions
     WHERE bucket = ?1 AND state = 1 AND key >= ?2 AND key < ?3 ORDER BY key DESC";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::index::sqlite::schema;

    #[test]
    fn a_listing_reads_its_index_and_nothing_else() {
        for sql in [FORWARDS, BACKWARDS] {
            let expected =
                "SEARCH versions USING COVERING INDEX versions_current (bucket=? AND key>? AND key<?)";
            assert_eq!(schema::plan(sql), [expected]);
        }
    }
}
