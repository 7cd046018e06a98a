//! Listing versions and delete markers. Two indexes are read side by side: the current objects, and all other
//! versions.

use tokio_postgres::Row;

use super::super::key_scan::{KeyScan, beginning, marked_version};
use super::bucket_facts;
use super::listing::{part_count, version_id};
use super::skip_scan::{RowReader, SkipScan, Statements, backwards, forwards};
use super::transaction::Snapshot;
use super::values::{Count, Flag};
use crate::model::{ObjectKey, Timestamp, VersionId};
use crate::storage::index::{ListVersions, Result, VersionPage, VersionRow};

pub(super) async fn list(db: &Snapshot, query: &ListVersions) -> Result<VersionPage> {
    bucket_facts::find(db, query.bucket).await?;
    let reverse = query.keys.reverse;
    let (scan, keys) = KeyScan::of_objects(&query.keys);
    let scan = SkipScan { bucket: query.bucket, scan };
    let mut first = Vec::new();
    if let Some(Rest { key, time }) = rest_of_key(db, query).await? {
        let limit = i64::from(query.keys.limit) + 1;
        let sql = if reverse { NEWER } else { OLDER };
        first = db.all(sql, &[&query.bucket, &key, &time, &limit]).await?;
    }
    let statements = if reverse { BACKWARDS } else { FORWARDS };
    let reader = RowReader { read, common: VersionRow::Prefix };
    let (rows, truncated) = scan.page(db, statements, keys, &first, &reader).await?;
    Ok(VersionPage { rows, truncated })
}

pub(super) const FORWARDS: Statements = Statements {
    range: "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
             FROM versions
             WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < $3
             ORDER BY key LIMIT $4)
            UNION ALL
            (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
             FROM versions
             WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key >= $2 AND key < $3
             ORDER BY key, created DESC LIMIT $4)
            ORDER BY key, created DESC LIMIT $4",
    steps: forwards!(
        "SELECT least(
             (SELECT key FROM versions
              WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= steps.bound AND key < $3
              ORDER BY key LIMIT 1),
             (SELECT key FROM versions
              WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key >= steps.bound AND key < $3
              ORDER BY key LIMIT 1)
         ) AS key OFFSET 0",
        "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
          WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1
              AND key = steps.key
          LIMIT 1)
         UNION ALL
         (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
          WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1
              AND key = steps.key
          ORDER BY created DESC LIMIT $4)"
    ),
};
pub(super) const BACKWARDS: Statements = Statements {
    range: "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
             FROM versions
             WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < $3
             ORDER BY key DESC LIMIT $4)
            UNION ALL
            (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
             FROM versions
             WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key >= $2 AND key < $3
             ORDER BY key DESC, created LIMIT $4)
            ORDER BY key DESC, created LIMIT $4",
    steps: backwards!(
        "SELECT greatest(
             (SELECT key FROM versions
              WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key >= $2 AND key < steps.bound
              ORDER BY key DESC LIMIT 1),
             (SELECT key FROM versions
              WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key >= $2 AND key < steps.bound
              ORDER BY key DESC LIMIT 1)
         ) AS key OFFSET 0",
        "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
          WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1
              AND key = steps.key
          ORDER BY created LIMIT $4)
         UNION ALL
         (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state FROM versions
          WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1
              AND key = steps.key
          LIMIT 1)"
    ),
};
/// Versions of one key that are older than a time.
pub(super) const OLDER: &str =
    "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
      FROM versions
      WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key = $2 AND created < $3)
     UNION ALL
     (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
      FROM versions
      WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key = $2 AND created < $3
      ORDER BY created DESC LIMIT $4)
     ORDER BY created DESC LIMIT $4";
/// Versions of one key that are newer than a time.
pub(super) const NEWER: &str =
    "(SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
      FROM versions
      WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state = 1 AND key = $2 AND created > $3)
     UNION ALL
     (SELECT null_id, key, created, modified, size, mode, part_count, etag, content_type, marker, state, NULL::bytea
      FROM versions
      WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND state <> 1 AND key = $2 AND created > $3
      ORDER BY created LIMIT $4)
     ORDER BY created LIMIT $4";
/// The creation time of the null version of a key.
pub(super) const NULL: &str = "SELECT created FROM versions
     WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND key = $2 AND state = 1 AND null_id = 1
     UNION ALL SELECT created FROM versions
     WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND key = $2 AND state <> 1 AND null_id = 1
     LIMIT 1";

/// The versions of the marker's key beyond the marked version.
struct Rest {
    key: ObjectKey,
    time: Timestamp,
}

async fn rest_of_key(db: &Snapshot, query: &ListVersions) -> Result<Option<Rest>> {
    let Some((key, id)) = marked_version(query) else { return Ok(None) };
    let time = match id {
        VersionId::At(time) => time,
        VersionId::Null => match db.maybe(NULL, &[&query.bucket, &key]).await? {
            Some(row) => row.try_get(0)?,
            None => beginning(query.keys.reverse),
        },
    };
    Ok(Some(Rest { key, time }))
}

fn read(row: &Row) -> Result<VersionRow> {
    let marker = row.try_get::<_, Flag>(9)?.0;
    Ok(VersionRow::Version {
        key: row.try_get(1)?,
        version_id: version_id(row)?,
        latest: row.try_get::<_, i64>(10)? != 0,
        marker,
        modified: row.try_get(3)?,
        size: row.try_get::<_, Count>(4)?.0,
        mode: if marker { None } else { Some(row.try_get(5)?) },
        part_count: part_count(row)?,
        etag: row.try_get(7)?,
        content_type: row.try_get(8)?,
    })
}
