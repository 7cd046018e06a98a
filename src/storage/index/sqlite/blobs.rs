//! The rows of blobs: their references are counted, and at zero they are freed.

use std::collections::HashMap;

use bytes::Bytes;
use rusqlite::{OptionalExtension, Params, Row, params};

use super::connection::{Snapshot, Tx};
use super::values::Count;
use crate::model::{BlobId, Timestamp, WriterId};
use crate::storage::Error;
use crate::storage::index::{FreedBlob, NewBlob, PartRecord, Result};

/// Inserts new blobs, and takes a reference for every part. A blob without a reference is free at once; its
/// bytes are not even written if they would live here. If a blob has lost its last reference meanwhile, the
/// command fails with `Changed`: zero is final.
pub(super) fn take(tx: &Tx<'_>, writer: WriterId, new: &[NewBlob], parts: &[PartRecord]) -> Result<()> {
    let mut wanted: HashMap<BlobId, i64> = HashMap::with_capacity(parts.len());
    for part in parts {
        *wanted.entry(part.blob).or_default() += 1;
    }
    for blob in new {
        if blob.id.writer() != writer {
            return Err(Error::Internal(format!("blob {} is not of writer {writer}", blob.id).into()));
        }
        let refs = wanted.remove(&blob.id).unwrap_or(0);
        if refs == 0 && blob.inline.is_some() {
            continue;
        }
        let inline = match &blob.inline {
            Some(bytes) => Some(tx.insert("INSERT INTO inline_blobs (bytes) VALUES (?1)", [&bytes[..]])?),
            None => None,
        };
        let freed = (refs == 0).then(|| tx.now());
        tx.execute(
            "INSERT INTO blobs (id, refs, length, freed, inline, header) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![blob.id, refs, Count(blob.length), freed, inline, blob.header],
        )?;
    }
    retain(tx, wanted)
}

/// Takes one more reference for each part of a version, for another version with the same contents.
pub(super) fn share_parts(tx: &Tx<'_>, version: i64) -> Result<()> {
    let references =
        counted(tx, "SELECT blob, count(*) FROM parts WHERE version = ?1 GROUP BY blob", [version])?;
    retain(tx, references)
}

fn retain(tx: &Tx<'_>, references: impl IntoIterator<Item = (BlobId, i64)>) -> Result<()> {
    let mut update = tx.prepare("UPDATE blobs SET refs = refs + ?2 WHERE id = ?1 AND refs > 0")?;
    for (blob, count) in references {
        if update.execute(params![blob, count])? == 0 {
            return Err(Error::Changed);
        }
    }
    Ok(())
}

/// Drops the references of a version's parts.
pub(super) fn drop_parts(tx: &Tx<'_>, version: i64) -> Result<()> {
    let references =
        counted(tx, "SELECT blob, count(*) FROM parts WHERE version = ?1 GROUP BY blob", [version])?;
    tx.execute("DELETE FROM parts WHERE version = ?1", [version])?;
    release(tx, references)
}

/// Drops the references of one part of an upload.
pub(super) fn drop_upload_part(tx: &Tx<'_>, upload: i64, number: u32) -> Result<()> {
    let references = counted(
        tx,
        "SELECT blob, count(*) FROM upload_refs WHERE upload = ?1 AND number = ?2 GROUP BY blob",
        params![upload, number],
    )?;
    tx.execute("DELETE FROM upload_refs WHERE upload = ?1 AND number = ?2", params![upload, number])?;
    release(tx, references)
}

/// Drops the references of all parts of an upload.
pub(super) fn drop_upload(tx: &Tx<'_>, upload: i64) -> Result<()> {
    let references =
        counted(tx, "SELECT blob, count(*) FROM upload_refs WHERE upload = ?1 GROUP BY blob", [upload])?;
    tx.execute("DELETE FROM upload_refs WHERE upload = ?1", [upload])?;
    release(tx, references)
}

fn counted(db: &Snapshot<'_>, sql: &str, params: impl Params) -> Result<Vec<(BlobId, i64)>> {
    db.all(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Drops references to blobs. At zero a blob is freed, wherever its bytes live: a reader that has found it
/// may still read it.
///
/// (No RETURNING, which would save a statement: SQLite keeps a journal for each such statement, and to end
/// that journal it walks over everything that the command has changed so far.)
fn release(tx: &Tx<'_>, references: Vec<(BlobId, i64)>) -> Result<()> {
    let mut find = tx.prepare("SELECT refs FROM blobs WHERE id = ?1")?;
    let mut keep = tx.prepare("UPDATE blobs SET refs = ?2 WHERE id = ?1")?;
    let mut free = tx.prepare("UPDATE blobs SET refs = 0, freed = ?2 WHERE id = ?1")?;
    for (blob, count) in references {
        let refs: Option<i64> = find.query_row([blob], |row| row.get(0)).optional()?;
        let refs = refs.ok_or_else(|| Error::Damaged(format!("a part names the unknown blob {blob}")))?;
        match refs - count {
            ..0 => return Err(Error::Damaged(format!("blob {blob} has fewer references than parts"))),
            0 => free.execute(params![blob, tx.now()])?,
            left => keep.execute(params![blob, left])?,
        };
    }
    Ok(())
}

pub(super) fn freed(db: &Snapshot<'_>, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
    let sql = "SELECT id, freed, inline IS NOT NULL FROM blobs WHERE freed IS NOT NULL AND freed < ?1
               ORDER BY freed, id LIMIT ?2";
    db.all(sql, params![before, limit], read_freed)
}

pub(super) fn freed_inline(db: &Snapshot<'_>, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
    let sql = "SELECT id, freed, 1 FROM blobs WHERE freed IS NOT NULL AND freed < ?1 AND inline IS NOT NULL
               ORDER BY freed, id LIMIT ?2";
    db.all(sql, params![before, limit], read_freed)
}

fn read_freed(row: &Row<'_>) -> rusqlite::Result<FreedBlob> {
    Ok(FreedBlob { id: row.get(0)?, freed: row.get(1)?, inline: row.get(2)? })
}

pub(super) fn forget(tx: &Tx<'_>, blobs: &[BlobId]) -> Result<()> {
    let mut bytes = tx.prepare(
        "DELETE FROM inline_blobs WHERE nr = (SELECT inline FROM blobs WHERE id = ?1 AND refs = 0)",
    )?;
    let mut row = tx.prepare("DELETE FROM blobs WHERE id = ?1 AND refs = 0")?;
    for blob in blobs {
        bytes.execute([blob])?;
        row.execute([blob])?;
    }
    Ok(())
}

pub(super) fn known(db: &Snapshot<'_>, blobs: Vec<BlobId>) -> Result<Vec<BlobId>> {
    let mut known = Vec::with_capacity(blobs.len());
    for blob in blobs {
        if db.exists("SELECT 1 FROM blobs WHERE id = ?1", [blob])? {
            known.push(blob);
        }
    }
    Ok(known)
}

pub(super) fn inline(db: &Snapshot<'_>, blob: BlobId) -> Result<Option<Bytes>> {
    let sql = "SELECT i.bytes FROM blobs b JOIN inline_blobs i ON i.nr = b.inline WHERE b.id = ?1";
    db.maybe(sql, [blob], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)))
}
