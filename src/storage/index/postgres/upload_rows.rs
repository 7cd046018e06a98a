//! The rows of multipart uploads and of their parts.
//!
//! A part holds references, as a version does. When an upload is completed, they move from its parts to the
//! version. No count changes, however many references there are.

use std::collections::BTreeMap;

use futures_util::future::{join, join3};
use tokio_postgres::Row;

use super::super::upload_rules::{Choices, NumberedUpload, check_moved, upload_columns};
use super::blobs;
use super::transaction::{Snapshot, Tx};
use super::values::{Columns, Count, parse, small};
use crate::model::{BucketId, ObjectKey, ObjectMetadata, VersionUid};
use crate::storage::Error;
use crate::storage::index::{PartRecord, Result, UploadPart, UploadRecord};

/// Finds an upload. An upload of another bucket or key is not found.
pub(super) async fn find(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<NumberedUpload> {
    let sql = concat!(
        "SELECT ",
        upload_columns!(),
        " FROM buckets b LEFT JOIN uploads u ON u.uid = $2 AND u.bucket = b.nr AND u.key = $3 WHERE b.id = $1"
    );
    let row = db.maybe(sql, &[&bucket, &id, key]).await?.ok_or(Error::NoSuchBucket)?;
    match row.try_get::<_, Option<i64>>(0)? {
        Some(_) => read(&row),
        None => Err(Error::NoSuchUpload),
    }
}

/// Reads a row: its number, then the upload's columns.
pub(super) fn read(row: &Row) -> Result<NumberedUpload> {
    let mut columns = Columns::from(row, 0);
    let (nr, key, uid) = (columns.read()?, columns.read()?, columns.read()?);
    let (created, initiator, mode) = (columns.read()?, columns.read()?, columns.read()?);
    let (content_type, envelope) = (columns.read()?, columns.read()?);
    let choices: Choices = parse(columns.read()?)?;
    let mut metadata: ObjectMetadata = parse(columns.read()?)?;
    metadata.system.content_type = content_type;
    let checksum = choices.checksum;
    let record = UploadRecord { key, uid, created, initiator, mode, envelope, checksum, metadata };
    Ok(NumberedUpload { nr, record })
}

/// The number of an upload's row, if the upload exists.
pub(super) async fn number(db: &Snapshot, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<i64> {
    let sql =
        "SELECT u.nr FROM buckets b LEFT JOIN uploads u ON u.uid = $2 AND u.bucket = b.nr AND u.key = $3
               WHERE b.id = $1";
    let row = db.maybe(sql, &[&bucket, &id, key]).await?.ok_or(Error::NoSuchBucket)?;
    row.try_get::<_, Option<i64>>(0)?.ok_or(Error::NoSuchUpload)
}

/// An upload with all its parts and their references.
pub(super) async fn with_parts(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<(UploadRecord, Vec<UploadPart>)> {
    let upload = find(db, bucket, key, id).await?;
    let parts =
        "SELECT number, created, size, etag, digests FROM upload_parts WHERE upload = $1 ORDER BY number";
    let refs = "SELECT number, blob, start, length, wrapped_key FROM upload_refs WHERE upload = $1 ORDER BY number, seq";
    let (parts, refs) = join(db.all(parts, &[&upload.nr]), db.all(refs, &[&upload.nr])).await;
    let mut parts: BTreeMap<u32, UploadPart> =
        parts?.iter().map(|row| read_part(row).map(|part| (part.number, part))).collect::<Result<_>>()?;
    for row in refs? {
        let mut columns = Columns::from(&row, 0);
        let number = small(columns.read()?)?;
        let part = parts.get_mut(&number);
        let part = part.ok_or_else(|| Error::Damaged(format!("references of no part, number {number}")))?;
        let (blob, Count(offset), Count(length)) = (columns.read()?, columns.read()?, columns.read()?);
        let wrapped_key = columns.read()?;
        let header = Vec::new();
        part.refs.push(PartRecord {
            blob,
            offset,
            length,
            wrapped_key,
            header,
            blob_length: 0,
            inline: None,
        });
    }
    Ok((upload.record, parts.into_values().collect()))
}

/// Reads a part without its references.
pub(super) fn read_part(row: &Row) -> Result<UploadPart> {
    let mut columns = Columns::from(row, 0);
    let (number, created) = (small(columns.read()?)?, columns.read()?);
    let (Count(size), etag) = (columns.read()?, columns.read()?);
    Ok(UploadPart { number, created, size, etag, digests: columns.read()?, refs: Vec::new() })
}

/// Drops parts of an upload that its version does not keep.
pub(super) async fn drop_parts(tx: &Tx, upload: i64, numbers: &[i64]) -> Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM upload_parts WHERE upload = $1 AND number = ANY($2)";
    let (dropped, removed) = join(blobs::drop_upload_parts(tx, upload, numbers), async {
        tx.execute(sql, &[&upload, &numbers]).await
    })
    .await;
    dropped?;
    removed.map(|_| ())
}

/// Moves the references and numbered parts of an upload to a version, and removes the upload.
pub(super) async fn move_parts(tx: &Tx, upload: i64, version: i64, expected: usize) -> Result<()> {
    let refs = "WITH gone AS (
                    DELETE FROM upload_refs WHERE upload = $1 RETURNING number, seq, blob, start, length, wrapped_key
                )
                INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
                SELECT $2, row_number() OVER (ORDER BY number, seq) - 1, blob, start, length, wrapped_key FROM gone";
    let parts = "WITH gone AS (DELETE FROM upload_parts WHERE upload = $1 RETURNING number, size, digests)
                 INSERT INTO version_parts (version, number, size, digests)
                 SELECT $2, number, size, digests FROM gone";
    let (moved, numbers, removed) = join3(
        tx.execute(refs, &[&upload, &version]),
        tx.execute(parts, &[&upload, &version]),
        tx.execute("DELETE FROM uploads WHERE nr = $1", &[&upload]),
    )
    .await;
    let moved = moved?;
    numbers?;
    removed?;
    check_moved(usize::try_from(moved).unwrap_or(usize::MAX), expected)
}

/// Drops uploads of a bucket that is being deleted, until about `parts` parts are gone or no upload is left.
/// Returns whether none is left.
pub(super) async fn discard_all(tx: &Tx, bucket: i64, parts: usize) -> Result<bool> {
    let sql = "SELECT nr, (SELECT count(*) FROM upload_parts WHERE upload = nr) FROM uploads WHERE bucket = $1 LIMIT $2";
    let limit = i64::try_from(parts).unwrap_or(i64::MAX);
    let rows = tx.all(sql, &[&bucket, &limit]).await?;
    let (mut uploads, mut left) = (Vec::with_capacity(rows.len()), parts);
    for row in &rows {
        if left == 0 {
            break;
        }
        uploads.push(row.try_get(0)?);
        left = left.saturating_sub(small::<usize>(row.try_get(1)?)? + 1);
    }
    discard(tx, &uploads).await?;
    Ok(uploads.len() == rows.len() && rows.len() < parts)
}

/// Drops uploads with all their parts.
pub(super) async fn discard(tx: &Tx, uploads: &[i64]) -> Result<()> {
    let (dropped, parts, removed) = join3(
        blobs::drop_uploads(tx, uploads),
        tx.execute("DELETE FROM upload_parts WHERE upload = ANY($1)", &[&uploads]),
        tx.execute("DELETE FROM uploads WHERE nr = ANY($1)", &[&uploads]),
    )
    .await;
    dropped?;
    parts?;
    removed.map(|_| ())
}
