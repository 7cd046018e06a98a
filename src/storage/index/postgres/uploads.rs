//! Multipart uploads, from their beginning to the version they become.
//!
//! A part holds references like a version does. When an upload is completed they move from its parts to the version: no
//! count changes, however many there are.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::{join, join3, join4};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::PostgresIndex;
use super::objects::{self, Contents};
use super::standing::{self, Hold};
use super::transaction::{Snapshot, Tx};
use super::values::{Columns, Count, parse, small, to_json};
use super::{blobs, buckets, locks, upload_listing, writers};
use crate::model::{BlobId, BucketId, ObjectKey, ObjectMetadata, Timestamp, VersionUid};
use crate::storage::Error;
use crate::storage::index::{
    CompleteUpload, CreateUpload, ListUploads, MAX_REFERENCES, PartPage, PartRecord, Published, PutPart,
    Result, Unchanged, UploadChecksum, UploadPage, UploadPart, UploadRecord, Uploads,
};

#[async_trait]
impl Uploads for PostgresIndex {
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        command!(self.db, tx, (command) => create(tx, command))
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        Ok(query!(self.db, db, (bucket, key, id) => find(db, *bucket, key, *id))?.record)
    }

    async fn put_part(&self, command: PutPart) -> Result<Timestamp> {
        command!(self.db, tx, (command) => put_part(tx, command))
    }

    async fn upload_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<(UploadRecord, Vec<UploadPart>)> {
        let key = key.clone();
        snapshot!(self.db, db, (bucket, key, id) => with_parts(db, *bucket, key, *id))
    }

    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published> {
        command!(self.db, tx, (command) => complete(tx, command))
    }

    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
        let key = key.clone();
        command!(self.db, tx, (bucket, key, id) => abort(tx, *bucket, key, *id))
    }

    async fn list_uploads(&self, query: ListUploads) -> Result<UploadPage> {
        snapshot!(self.db, db, (query) => upload_listing::list(db, query))
    }

    async fn list_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
        after: u32,
        limit: u32,
    ) -> Result<PartPage> {
        let key = key.clone();
        snapshot!(self.db, db, (bucket, key, id, after, limit) =>
            upload_listing::parts(db, *bucket, key, *id, *after, *limit))
    }
}

/// What was chosen for the object when its upload began, kept as JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Choices {
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<UploadChecksum>,
}

/// An upload and the number of its row.
pub(super) struct Numbered {
    pub(super) nr: i64,
    pub(super) record: UploadRecord,
}

pub(super) async fn create(tx: &Tx, command: &CreateUpload) -> Result<Timestamp> {
    let (locked, place) =
        join(locks::for_bucket(tx, command.bucket), buckets::place(tx, command.bucket)).await;
    locked?;
    let (metadata, content_type) = objects::apart(&command.metadata)?;
    tx.execute(
        "INSERT INTO uploads (uid, bucket, key, created, initiator, mode, content_type, envelope, choices, metadata)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &command.uid,
            &place?.nr,
            &command.key,
            &tx.now(),
            &command.initiator,
            &command.mode,
            &content_type,
            &command.envelope,
            &to_json(&Choices { checksum: command.checksum })?,
            &metadata,
        ],
    )
    .await?;
    Ok(tx.now())
}

/// Finds an upload. One of another bucket or key is none.
pub(super) async fn find(
    db: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    id: VersionUid,
) -> Result<Numbered> {
    let sql = "SELECT u.nr, u.key, u.uid, u.created, u.initiator, u.mode, u.content_type, u.envelope, u.choices, u.metadata
               FROM buckets b LEFT JOIN uploads u ON u.uid = $2 AND u.bucket = b.nr AND u.key = $3 WHERE b.id = $1";
    let row = db.maybe(sql, &[&bucket, &id, key]).await?.ok_or(Error::NoSuchBucket)?;
    match row.try_get::<_, Option<i64>>(0)? {
        Some(_) => read(&row),
        None => Err(Error::NoSuchUpload),
    }
}

/// Reads a row: its number, then the upload's columns.
pub(super) fn read(row: &Row) -> Result<Numbered> {
    let mut columns = Columns::from(row, 0);
    let (nr, key, uid) = (columns.read()?, columns.read()?, columns.read()?);
    let (created, initiator, mode) = (columns.read()?, columns.read()?, columns.read()?);
    let (content_type, envelope) = (columns.read()?, columns.read()?);
    let choices: Choices = parse(columns.read()?)?;
    let mut metadata: ObjectMetadata = parse(columns.read()?)?;
    metadata.system.content_type = content_type;
    let checksum = choices.checksum;
    let record = UploadRecord { key, uid, created, initiator, mode, envelope, checksum, metadata };
    Ok(Numbered { nr, record })
}

/// Whether an upload stands, and its number: what the commands need of it.
async fn number(db: &Snapshot, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<i64> {
    let sql =
        "SELECT u.nr FROM buckets b LEFT JOIN uploads u ON u.uid = $2 AND u.bucket = b.nr AND u.key = $3
               WHERE b.id = $1";
    let row = db.maybe(sql, &[&bucket, &id, key]).await?.ok_or(Error::NoSuchBucket)?;
    row.try_get::<_, Option<i64>>(0)?.ok_or(Error::NoSuchUpload)
}

pub(super) async fn put_part(tx: &Tx, command: &PutPart) -> Result<Timestamp> {
    let (bucket, upload, number) = (command.bucket, command.upload, command.number);
    let previous = "SELECT p.created FROM uploads u JOIN upload_parts p ON p.upload = u.nr AND p.number = $2 WHERE u.uid = $1";
    let many = command.refs.len() > 1;
    let (locked, alive, found, previous) = join4(
        locks::for_part(tx, command.writer, bucket, upload, number, many),
        writers::assert_alive(tx, command.writer),
        self::number(tx, bucket, &command.key, upload),
        tx.maybe(previous, &[&upload, &i64::from(number)]),
    )
    .await;
    locked.and(alive)?;
    let nr = found?;
    let previous: Option<Timestamp> = previous?.map(|row| row.try_get(0)).transpose()?;
    let unchanged: Vec<&Unchanged> = command.unchanged.iter().collect();
    standing::find_and_hold(tx, &unchanged, Hold::Share).await?;
    if many {
        let others = "SELECT count(*) FROM upload_refs WHERE upload = $1 AND number <> $2";
        let others: i64 = tx.one(others, &[&nr, &i64::from(number)]).await?.try_get(0)?;
        if small::<usize>(others)? + command.refs.len() > MAX_REFERENCES {
            return Err(Error::TooManyReferences);
        }
    }
    let created = buckets::after(tx, previous);
    // A part may be replaced by a copy of itself: references are taken before any is dropped.
    let (taken, dropped, inserted) = join3(
        blobs::take(tx, command.writer, &command.new_blobs, &command.refs),
        async {
            if previous.is_none() {
                return Ok(());
            }
            blobs::drop_upload_parts(tx, nr, &[i64::from(number)]).await
        },
        insert_part(tx, nr, command, created),
    )
    .await;
    taken?;
    dropped?;
    inserted.map(|()| created)
}

/// Writes a part, new or in the place of another, whose references are gone.
async fn insert_part(tx: &Tx, upload: i64, command: &PutPart, created: Timestamp) -> Result<()> {
    let blobs: Vec<BlobId> = command.refs.iter().map(|part| part.blob).collect();
    let starts: Vec<Count> = command.refs.iter().map(|part| Count(part.offset)).collect();
    let lengths: Vec<Count> = command.refs.iter().map(|part| Count(part.length)).collect();
    let keys: Vec<&[u8]> = command.refs.iter().map(|part| &part.wrapped_key[..]).collect();
    tx.execute(
        "WITH refs AS (
             INSERT INTO upload_refs (upload, number, seq, blob, start, length, wrapped_key)
             SELECT $1, $2, p.seq - 1, p.blob, p.start, p.length, p.wrapped_key
             FROM unnest($7::bytea[], $8::bigint[], $9::bigint[], $10::bytea[]) WITH ORDINALITY
                 AS p (blob, start, length, wrapped_key, seq)
         )
         INSERT INTO upload_parts (upload, number, created, size, etag, digests) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (upload, number) DO UPDATE
             SET created = excluded.created, size = excluded.size, etag = excluded.etag, digests = excluded.digests",
        &[
            &upload,
            &i64::from(command.number),
            &created,
            &Count(command.size),
            &command.etag,
            &command.digests,
            &blobs,
            &starts,
            &lengths,
            &keys,
        ],
    )
    .await
    .map(|_| ())
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

pub(super) async fn complete(tx: &Tx, command: &CompleteUpload) -> Result<Published> {
    let publish = &command.publish;
    if publish.uid != command.upload || !publish.new_blobs.is_empty() {
        return Err(Error::Internal("a completed upload is another version than its own".into()));
    }
    let stored =
        "SELECT p.number, p.created FROM uploads u JOIN upload_parts p ON p.upload = u.nr WHERE u.uid = $1
                  ORDER BY p.number";
    let (locked, alone, found, stored) = join4(
        locks::for_publish(tx, publish.writer, publish.bucket, &publish.key),
        locks::upload_alone(tx, command.upload),
        number(tx, publish.bucket, &publish.key, command.upload),
        tx.all(stored, &[&command.upload]),
    )
    .await;
    locked.and(alone)?;
    let upload = found?;
    let mut chosen = command.parts.iter().peekable();
    let mut dropped: Vec<i64> = Vec::new();
    for row in stored? {
        let number: i64 = row.try_get(0)?;
        match chosen.next_if(|part| i64::from(part.number) == number) {
            Some(part) if part.created != row.try_get(1)? => return Err(Error::Changed),
            Some(_) => {}
            None => dropped.push(number),
        }
    }
    if chosen.next().is_some() {
        return Err(Error::Changed);
    }
    objects::publish_with(tx, publish, Contents::Uploaded { upload, dropped: &dropped }).await
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

/// Makes all that an upload holds a version's, and ends the upload.
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
    if moved != expected as u64 {
        return Err(Error::Internal(
            format!("an upload has {moved} references, its version {expected}").into(),
        ));
    }
    Ok(())
}

pub(super) async fn abort(tx: &Tx, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
    let (locked, alone, upload) =
        join3(locks::for_bucket(tx, bucket), locks::upload_alone(tx, id), number(tx, bucket, key, id)).await;
    locked.and(alone)?;
    discard(tx, &[upload?]).await
}

/// Drops uploads of a bucket that is to be deleted, until about so many parts are gone or none is left. Tells whether that is
/// so.
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
async fn discard(tx: &Tx, uploads: &[i64]) -> Result<()> {
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
