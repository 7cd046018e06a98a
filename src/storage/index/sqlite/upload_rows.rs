//! The rows of multipart uploads and of their parts.
//!
//! A part holds references, as a version does. When an upload is completed, they move from its parts to the
//! version. No count changes, however many references there are.

use rusqlite::{Row, params};

use super::super::upload_rules::{Choices, NumberedUpload, check_moved, upload_columns};
use super::connection::{Snapshot, Tx};
use super::values::{Count, parse};
use super::{blobs, bucket_facts};
use crate::model::{BucketId, ObjectKey, ObjectMetadata, VersionUid};
use crate::storage::Error;
use crate::storage::index::{PartRecord, Result, UploadPart, UploadRecord};

/// Finds an upload. An upload of another bucket or key is not found.
pub(super) fn find(
    db: &Snapshot<'_>,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<NumberedUpload> {
    let bucket = bucket_facts::find(db, bucket)?;
    db.maybe(
        concat!(
            "SELECT ",
            upload_columns!(),
            " FROM uploads u WHERE u.uid = ?1 AND u.bucket = ?2 AND u.key = ?3"
        ),
        params![id, bucket.nr, key],
        read,
    )?
    .ok_or(Error::NoSuchUpload)
}

/// Reads a row: its number, then the upload's columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<NumberedUpload> {
    let choices: Choices = parse(row.get_ref(8)?.as_str()?)?;
    let mut metadata: ObjectMetadata = parse(row.get_ref(9)?.as_str()?)?;
    metadata.system.content_type = row.get(6)?;
    let record = UploadRecord {
        key: row.get(1)?,
        uid: row.get(2)?,
        created: row.get(3)?,
        initiator: row.get(4)?,
        mode: row.get(5)?,
        envelope: row.get(7)?,
        checksum: choices.checksum,
        metadata,
    };
    Ok(NumberedUpload { nr: row.get(0)?, record })
}

/// All parts of an upload with their references.
pub(super) fn parts(db: &Snapshot<'_>, upload: i64) -> Result<Vec<UploadPart>> {
    let sql =
        "SELECT number, created, size, etag, digests FROM upload_parts WHERE upload = ?1 ORDER BY number";
    let mut parts = db.all(sql, [upload], read_part)?;
    let mut at = 0;
    let sql = "SELECT number, blob, start, length, wrapped_key FROM upload_refs WHERE upload = ?1 ORDER BY number, seq";
    db.scan(sql, [upload], |row| {
        let number: u32 = row.get(0)?;
        at += parts[at..].iter().take_while(|part| part.number < number).count();
        let part = parts.get_mut(at).filter(|part| part.number == number);
        let part = part.ok_or_else(|| Error::Damaged(format!("references of no part, number {number}")))?;
        part.refs.push(PartRecord {
            blob: row.get(1)?,
            offset: row.get::<_, Count>(2)?.0,
            length: row.get::<_, Count>(3)?.0,
            wrapped_key: row.get(4)?,
            header: Vec::new(),
            blob_length: 0,
            inline: None,
        });
        Ok(true)
    })?;
    Ok(parts)
}

/// Reads a part without its references.
pub(super) fn read_part(row: &Row<'_>) -> rusqlite::Result<UploadPart> {
    Ok(UploadPart {
        number: row.get(0)?,
        created: row.get(1)?,
        size: row.get::<_, Count>(2)?.0,
        etag: row.get(3)?,
        digests: row.get(4)?,
        refs: Vec::new(),
    })
}

pub(super) fn drop_part(tx: &Tx<'_>, upload: i64, number: u32) -> Result<()> {
    blobs::drop_upload_part(tx, upload, number)?;
    tx.execute("DELETE FROM upload_parts WHERE upload = ?1 AND number = ?2", params![upload, number])?;
    Ok(())
}

/// Moves the references and numbered parts of an upload to a version, and removes the upload.
pub(super) fn move_parts(tx: &Tx<'_>, upload: i64, version: i64, expected: usize) -> Result<()> {
    let moved = tx.execute(
        "INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
         SELECT ?2, row_number() OVER (ORDER BY number, seq) - 1, blob, start, length, wrapped_key FROM upload_refs
         WHERE upload = ?1 ORDER BY number, seq",
        params![upload, version],
    )?;
    check_moved(moved, expected)?;
    tx.execute(
        "INSERT INTO version_parts (version, number, size, digests)
         SELECT ?2, number, size, digests FROM upload_parts WHERE upload = ?1 ORDER BY number",
        params![upload, version],
    )?;
    tx.execute("DELETE FROM upload_refs WHERE upload = ?1", [upload])?;
    remove(tx, upload).map(|_| ())
}

/// Drops uploads of a bucket that is being deleted, until `parts` parts are gone or no upload is left.
/// Returns whether none is left.
pub(super) fn discard_all(tx: &Tx<'_>, bucket: i64, parts: usize) -> Result<bool> {
    let mut discarded = 0;
    while discarded < parts {
        let sql = "SELECT nr FROM uploads WHERE bucket = ?1 LIMIT 1";
        let Some(upload) = tx.maybe(sql, [bucket], |row| row.get(0))? else { return Ok(true) };
        discarded += discard(tx, upload)? + 1;
    }
    Ok(false)
}

/// Drops an upload with all its parts, and returns their number.
pub(super) fn discard(tx: &Tx<'_>, upload: i64) -> Result<usize> {
    blobs::drop_upload(tx, upload)?;
    remove(tx, upload)
}

fn remove(tx: &Tx<'_>, upload: i64) -> Result<usize> {
    let parts = tx.execute("DELETE FROM upload_parts WHERE upload = ?1", [upload])?;
    tx.execute("DELETE FROM uploads WHERE nr = ?1", [upload])?;
    Ok(parts)
}
