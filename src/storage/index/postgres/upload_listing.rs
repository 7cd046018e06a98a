//! Listing the uploads of a bucket and the parts of an upload.

use tokio_postgres::Row;

use super::super::key_scan::{KeyScan, marked_upload};
use super::skip_scan::{RowReader, SkipScan, Statements, forwards};
use super::transaction::Snapshot;
use super::{bucket_facts, upload_rows};
use crate::model::{BucketId, ObjectKey, VersionUid};
use crate::storage::index::{ListUploads, PartPage, Result, UploadPage, UploadRow};

pub(super) async fn list(db: &Snapshot, query: &ListUploads) -> Result<UploadPage> {
    bucket_facts::find(db, query.bucket).await?;
    let (scan, keys) = KeyScan::of_uploads(query);
    let scan = SkipScan { bucket: query.bucket, scan };
    let first = rest_of_key(db, query).await?;
    let reader = RowReader { read, common: UploadRow::Prefix };
    let (rows, truncated) = scan.page(db, BY_KEY, keys, &first, &reader).await?;
    Ok(UploadPage { rows, truncated })
}

/// Uploads by key and the time they began.
pub(super) const BY_KEY: Statements = Statements {
    range:
        "SELECT nr, key, uid, created, initiator, mode, content_type, envelope, choices, metadata, NULL::bytea
            FROM uploads
            WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND key >= $2 AND key < $3
            ORDER BY key, created, nr LIMIT $4",
    steps: forwards!(
        "SELECT key FROM uploads
         WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND key >= steps.bound AND key < $3
         ORDER BY key LIMIT 1",
        "SELECT nr, key, uid, created, initiator, mode, content_type, envelope, choices, metadata FROM uploads
         WHERE steps.common IS NULL AND bucket = (SELECT nr FROM buckets WHERE id = $1) AND key = steps.key
         ORDER BY created, nr LIMIT $4"
    ),
};
/// Uploads of one key after one of them.
pub(super) const OF_KEY: &str =
    "SELECT nr, key, uid, created, initiator, mode, content_type, envelope, choices, metadata, NULL::bytea
     FROM uploads WHERE bucket = (SELECT nr FROM buckets WHERE id = $1) AND key = $2 AND (created, nr) > ($3, $4)
     ORDER BY created, nr LIMIT $5";

/// The uploads of the marker's key after the marked upload.
async fn rest_of_key(db: &Snapshot, query: &ListUploads) -> Result<Vec<Row>> {
    let Some((key, marker)) = marked_upload(query) else { return Ok(Vec::new()) };
    let key = key.as_bytes();
    let sql = "SELECT created, nr FROM uploads
               WHERE uid = $1 AND bucket = (SELECT nr FROM buckets WHERE id = $2) AND key = $3";
    let (created, nr): (i64, i64) = match db.maybe(sql, &[&marker, &query.bucket, &key]).await? {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => (i64::MIN, i64::MIN),
    };
    let limit = i64::from(query.limit) + 1;
    db.all(OF_KEY, &[&query.bucket, &key, &created, &nr, &limit]).await
}

fn read(row: &Row) -> Result<UploadRow> {
    Ok(UploadRow::Upload(upload_rows::read(row)?.record))
}

pub(super) async fn parts(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
    after: u32,
    limit: u32,
) -> Result<PartPage> {
    let upload = upload_rows::find(db, bucket, key, id).await?;
    let sql =
        "SELECT number, created, size, etag, digests FROM upload_parts WHERE upload = $1 AND number > $2
               ORDER BY number LIMIT $3";
    let rows = db.all(sql, &[&upload.nr, &i64::from(after), &(i64::from(limit) + 1)]).await?;
    let mut parts = rows.iter().map(upload_rows::read_part).collect::<Result<Vec<_>>>()?;
    let truncated = limit > 0 && parts.len() > limit as usize;
    parts.truncate(limit as usize);
    Ok(PartPage { upload: upload.record, parts, truncated })
}
