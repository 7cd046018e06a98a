//! The rows of blobs: their references are counted, and at zero they are freed.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use futures_util::future::join;
use tokio_postgres::Row;

use super::transaction::{Params, Snapshot, Tx};
use super::values::{Count, Flag};
use crate::model::{BlobId, Timestamp, WriterId};
use crate::storage::Error;
use crate::storage::index::{BlobRow, FreedBlob, NewBlob, PartRecord, Result};

/// The number of references to each blob, in the order in which blobs are locked.
type References = BTreeMap<BlobId, i64>;

/// Locks blobs in the order of their ids, for a statement that changes several.
const LOCK: &str = "SELECT 1 FROM blobs WHERE id = ANY($1) ORDER BY id FOR UPDATE";

/// Inserts new blobs, and takes a reference for every part. A blob without a reference is free at once; its
/// bytes are not even written if they would live here. If a blob has lost its last reference meanwhile, the
/// command fails with `Changed`: zero is final.
pub(super) async fn take(tx: &Tx, writer: WriterId, new: &[NewBlob], parts: &[PartRecord]) -> Result<()> {
    let mut wanted = References::new();
    for part in parts {
        *wanted.entry(part.blob).or_default() += 1;
    }
    let (mut rows, mut refs) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
    for blob in new {
        if blob.id.writer() != writer {
            return Err(Error::Internal(format!("blob {} is not of writer {writer}", blob.id).into()));
        }
        let count = wanted.remove(&blob.id).unwrap_or(0);
        if count > 0 || blob.inline.is_none() {
            rows.push(blob);
            refs.push(count);
        }
    }
    let (inserted, retained) = join(insert(tx, &rows, &refs), retain(tx, wanted)).await;
    inserted.and(retained)
}

async fn insert(tx: &Tx, new: &[&NewBlob], refs: &[i64]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = new.iter().map(|blob| blob.id).collect();
    let lengths: Vec<_> = new.iter().map(|blob| Count(blob.length)).collect();
    let headers: Vec<_> = new.iter().map(|blob| &blob.header[..]).collect();
    let freed: Vec<_> = refs.iter().map(|count| (*count == 0).then(|| tx.now())).collect();
    if new.iter().all(|blob| blob.inline.is_none()) {
        let sql = "INSERT INTO blobs (id, refs, length, freed, header)
                   SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])";
        return tx.execute(sql, &[&ids, &refs, &lengths, &freed, &headers]).await.map(|_| ());
    }
    let inline: Vec<_> = new.iter().map(|blob| blob.inline.as_deref()).collect();
    tx.execute(
        "WITH given AS MATERIALIZED (
             SELECT id, refs, length, freed, header, bytes,
                 CASE WHEN bytes IS NOT NULL THEN nextval('inline_blobs_nr_seq') END AS nr
             FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[])
                 AS row (id, refs, length, freed, header, bytes)
         ), kept AS (
             INSERT INTO inline_blobs (nr, bytes) SELECT nr, bytes FROM given WHERE nr IS NOT NULL
         )
         INSERT INTO blobs (id, refs, length, freed, inline, header)
         SELECT id, refs, length, freed, nr, header FROM given",
        &[&ids, &refs, &lengths, &freed, &headers, &inline],
    )
    .await
    .map(|_| ())
}

/// Takes one more reference for each part of a version, for another version with the same contents.
pub(super) async fn share_parts(tx: &Tx, version: i64) -> Result<()> {
    let sql = "SELECT blob, count(*) FROM parts WHERE version = $1 GROUP BY blob";
    retain(tx, counted(tx, sql, &[&version]).await?).await
}

async fn retain(tx: &Tx, references: References) -> Result<()> {
    if references.is_empty() {
        return Ok(());
    }
    let (ids, counts): (Vec<_>, Vec<_>) = references.into_iter().unzip();
    let sql =
        "UPDATE blobs b SET refs = b.refs + w.count FROM unnest($1::bytea[], $2::bigint[]) AS w (id, count)
               WHERE b.id = w.id AND b.refs > 0 RETURNING 1";
    if locked(tx, &ids, sql, &[&ids, &counts]).await?.len() == ids.len() {
        Ok(())
    } else {
        Err(Error::Changed)
    }
}

/// Deletes the rows of references and drops the references. Returns the number of blobs, the number of those
/// that are known, and the smallest number of references that one has left.
///
/// At zero a blob is freed, wherever its bytes live: a reader that has found it may still read it. `$1` is
/// the time.
macro_rules! drop_references {
    ($rows:literal) => {
        concat!(
            "WITH gone AS (DELETE FROM ",
            $rows,
            " RETURNING blob
             ), dropped AS MATERIALIZED (
                 SELECT blob, count(*) AS count FROM gone GROUP BY blob
             ), held AS MATERIALIZED (
                 SELECT b.id, b.refs - d.count AS refs FROM dropped d JOIN blobs b ON b.id = d.blob
                 ORDER BY b.id FOR UPDATE OF b
             ), kept AS (
                 UPDATE blobs b SET refs = h.refs, freed = CASE WHEN h.refs = 0 THEN $1 ELSE b.freed END
                 FROM held h WHERE b.id = h.id
             )
             SELECT (SELECT count(*) FROM dropped), count(*), coalesce(min(refs), 0) FROM held"
        )
    };
}

/// Drops the references of a version's parts.
pub(super) async fn drop_parts(tx: &Tx, version: i64) -> Result<()> {
    release(tx, drop_references!("parts WHERE version = $2"), &[&tx.now(), &version]).await
}

/// Drops the references of some parts of an upload.
pub(super) async fn drop_upload_parts(tx: &Tx, upload: i64, numbers: &[i64]) -> Result<()> {
    let sql = drop_references!("upload_refs WHERE upload = $2 AND number = ANY($3)");
    release(tx, sql, &[&tx.now(), &upload, &numbers]).await
}

/// Drops the references of all parts of uploads.
pub(super) async fn drop_uploads(tx: &Tx, uploads: &[i64]) -> Result<()> {
    release(tx, drop_references!("upload_refs WHERE upload = ANY($2)"), &[&tx.now(), &uploads]).await
}

async fn release(tx: &Tx, sql: &str, params: Params<'_>) -> Result<()> {
    let row = tx.one(sql, params).await?;
    let (blobs, known, left): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if known < blobs {
        return Err(Error::Damaged("a part names an unknown blob".into()));
    }
    if left < 0 {
        return Err(Error::Damaged("a blob has fewer references than parts".into()));
    }
    Ok(())
}

/// Locks the blobs of parts and of a version, for a command that takes references to the former and drops
/// those of the latter.
pub(super) async fn lock_both(tx: &Tx, parts: &[PartRecord], version: i64) -> Result<()> {
    let blobs: Vec<_> = parts.iter().map(|part| part.blob).collect();
    let sql = "SELECT 1 FROM blobs WHERE id = ANY(ARRAY(
                   SELECT unnest($1::bytea[]) UNION SELECT blob FROM parts WHERE version = $2))
               ORDER BY id FOR UPDATE";
    tx.all(sql, &[&blobs, &version]).await.map(|_| ())
}

async fn counted(tx: &Tx, sql: &str, params: Params<'_>) -> Result<References> {
    tx.all(sql, params).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Runs a statement that changes these blobs. A single blob cannot be locked in a wrong order.
async fn locked(tx: &Tx, blobs: &[BlobId], sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
    if blobs.len() == 1 {
        return tx.all(sql, params).await;
    }
    Ok(tx.two((LOCK, &[&blobs]), (sql, params)).await?.1)
}

pub(super) async fn freed(db: &Snapshot, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
    let sql = "SELECT id, freed, (inline IS NOT NULL)::int::bigint FROM blobs WHERE freed IS NOT NULL AND freed < $1
               ORDER BY freed, id LIMIT $2";
    db.all(sql, &[&before, &i64::from(limit)]).await?.iter().map(read_freed).collect()
}

pub(super) async fn freed_inline(db: &Snapshot, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
    let sql =
        "SELECT id, freed, 1::bigint FROM blobs WHERE freed IS NOT NULL AND freed < $1 AND inline IS NOT NULL
               ORDER BY freed, id LIMIT $2";
    db.all(sql, &[&before, &i64::from(limit)]).await?.iter().map(read_freed).collect()
}

fn read_freed(row: &Row) -> Result<FreedBlob> {
    Ok(FreedBlob { id: row.try_get(0)?, freed: row.try_get(1)?, inline: row.try_get::<_, Flag>(2)?.0 })
}

pub(super) async fn forget(tx: &Tx, blobs: &[BlobId]) -> Result<()> {
    let sql = "WITH gone AS (
                   DELETE FROM blobs WHERE id IN
                       (SELECT id FROM blobs WHERE id = ANY($1) AND refs = 0 ORDER BY id FOR UPDATE)
                   RETURNING inline
               )
               DELETE FROM inline_blobs i USING gone g WHERE i.nr = g.inline";
    tx.execute(sql, &[&blobs]).await.map(|_| ())
}

pub(super) async fn known(db: &Snapshot, blobs: &[BlobId]) -> Result<Vec<BlobId>> {
    let rows = db.all("SELECT id FROM blobs WHERE id = ANY($1)", &[&blobs]).await?;
    let known: HashSet<BlobId> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
    Ok(blobs.iter().copied().filter(|blob| known.contains(blob)).collect())
}

pub(super) async fn inline(db: &Snapshot, blob: BlobId) -> Result<Option<Bytes>> {
    let sql = "SELECT i.bytes FROM blobs b JOIN inline_blobs i ON i.nr = b.inline WHERE b.id = $1";
    let found = db.maybe(sql, &[&blob]).await?;
    found.map(|row| Ok(Bytes::copy_from_slice(row.try_get(0)?))).transpose()
}

/// A blob's row.
pub(super) async fn find(db: &Snapshot, id: BlobId) -> Result<Option<BlobRow>> {
    let sql = "SELECT id, length, (inline IS NOT NULL)::int::bigint, refs, freed FROM blobs WHERE id = $1";
    db.maybe(sql, &[&id]).await?.as_ref().map(read_blob).transpose()
}

/// Blobs by id.
pub(super) async fn after(db: &Snapshot, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
    let sql = "SELECT id, length, (inline IS NOT NULL)::int::bigint, refs, freed FROM blobs
               WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.map_or_else(Vec::new, |id| id.0.to_vec());
    let rows = db.all(sql, &[&after, &i64::from(limit)]).await?;
    rows.iter().map(read_blob).collect()
}

fn read_blob(row: &Row) -> Result<BlobRow> {
    Ok(BlobRow {
        id: row.try_get(0)?,
        length: row.try_get::<_, Count>(1)?.0,
        inline: row.try_get::<_, Flag>(2)?.0,
        refs: row.try_get::<_, Count>(3)?.0,
        freed: row.try_get(4)?,
    })
}
