//! Listing current objects.

use futures_util::future::join;
use tokio_postgres::Row;

use super::super::key_scan::KeyScan;
use super::bucket_facts;
use super::skip_scan::{RowReader, SkipScan, Statements, backwards, forwards};
use super::transaction::Snapshot;
use super::values::{Count, Flag};
use crate::model::{Timestamp, VersionId};
use crate::storage::index::{ListObjects, ObjectPage, ObjectRow, Result};

pub(super) async fn list(db: &Snapshot, query: &ListObjects) -> Result<ObjectPage> {
    let (scan, keys) = KeyScan::of_objects(&query.keys);
    let scan = SkipScan { bucket: query.bucket, scan };
    let statements = if query.keys.reverse { BACKWARDS } else { FORWARDS };
    let reader = RowReader { read, common: ObjectRow::Prefix };
    // Both statements are sent at once.
    let (bucket, page) =
        join(bucket_facts::find(db, query.bucket), scan.page(db, statements, keys, &[], &reader)).await;
    bucket?;
    let (rows, truncated) = page?;
    Ok(ObjectPage { rows, truncated })
}

pub(super) const FORWARDS: Statements = Statements {
    range: "SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, NULL::bytea FROM versions
            WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < $3
            ORDER BY key LIMIT $4",
    steps: forwards!(
        "SELECT key FROM versions
         WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= steps.bound AND key < $3
         ORDER BY key LIMIT 1",
        "SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type FROM versions
         WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key = steps.key
         LIMIT 1"
    ),
};
pub(super) const BACKWARDS: Statements = Statements {
    range: "SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, NULL::bytea FROM versions
            WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < $3
            ORDER BY key DESC LIMIT $4",
    steps: backwards!(
        "SELECT key FROM versions
         WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < steps.bound
         ORDER BY key DESC LIMIT 1",
        "SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type FROM versions
         WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key = steps.key
         LIMIT 1"
    ),
};

fn read(row: &Row) -> Result<ObjectRow> {
    Ok(ObjectRow::Object {
        key: row.try_get(1)?,
        version_id: version_id(row)?,
        modified: row.try_get(3)?,
        size: row.try_get::<_, Count>(4)?.0,
        mode: row.try_get(5)?,
        part_count: part_count(row)?,
        etag: row.try_get(7)?,
        content_type: row.try_get(8)?,
    })
}

/// The public id in a listing's row.
pub(super) fn version_id(row: &Row) -> Result<VersionId> {
    let created: Timestamp = row.try_get(2)?;
    Ok(if row.try_get::<_, Flag>(0)?.0 { VersionId::Null } else { VersionId::At(created) })
}

/// The number of parts in a listing's row.
pub(super) fn part_count(row: &Row) -> Result<Option<u32>> {
    Ok(row.try_get::<_, Option<i64>>(6)?.and_then(|count| u32::try_from(count).ok()))
}
