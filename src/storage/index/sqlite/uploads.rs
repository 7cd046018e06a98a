//! Multipart uploads, from their beginning to the version they become.
//!
//! A part holds references like a version does. When an upload is completed they move from its parts to the version: no
//! count changes, however many there are.

use async_trait::async_trait;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

use super::SqliteIndex;
use super::connection::{Snapshot, Tx};
use super::objects;
use super::standing::Standing;
use super::values::{Count, parse, to_json};
use super::{blobs, buckets, upload_listing, writers};
use crate::model::{BucketId, ObjectKey, ObjectMetadata, Timestamp, VersionUid};
use crate::storage::Error;
use crate::storage::index::{
    CompleteUpload, CreateUpload, ListUploads, MAX_REFERENCES, PartPage, PartRecord, Published, PutPart,
    Result, UploadChecksum, UploadPage, UploadPart, UploadRecord, Uploads,
};

#[async_trait]
impl Uploads for SqliteIndex {
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        self.writer()?.run(move |tx| create(tx, command)).await
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        self.readers.snapshot(move |db| Ok(find(db, bucket, &key, id)?.record)).await
    }

    async fn put_part(&self, command: PutPart) -> Result<Timestamp> {
        self.writer()?.run(move |tx| put_part(tx, &command)).await
    }

    async fn upload_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<(UploadRecord, Vec<UploadPart>)> {
        let key = key.clone();
        self.readers
            .snapshot(move |db| {
                let upload = find(db, bucket, &key, id)?;
                let parts = parts(db, upload.nr)?;
                Ok((upload.record, parts))
            })
            .await
    }

    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published> {
        self.writer()?.run(move |tx| complete(tx, command)).await
    }

    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
        let key = key.clone();
        self.writer()?.run(move |tx| abort(tx, bucket, &key, id)).await
    }

    async fn list_uploads(&self, query: ListUploads) -> Result<UploadPage> {
        self.readers.snapshot(move |db| upload_listing::list(db, &query)).await
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
        self.readers
            .snapshot(move |db| {
                let upload = find(db, bucket, &key, id)?;
                upload_listing::parts(db, upload, after, limit)
            })
            .await
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

pub(super) fn create(tx: &Tx<'_>, mut command: CreateUpload) -> Result<Timestamp> {
    let place = buckets::place(tx, command.bucket)?;
    let content_type = command.metadata.system.content_type.take();
    tx.insert(
        "INSERT INTO uploads (uid, bucket, key, created, initiator, mode, content_type, envelope, choices, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            command.uid,
            place.nr,
            command.key,
            tx.now(),
            command.initiator,
            command.mode,
            content_type,
            command.envelope,
            to_json(&Choices { checksum: command.checksum })?,
            to_json(&command.metadata)?,
        ],
    )?;
    Ok(tx.now())
}

/// Finds an upload. One of another bucket or key is none.
pub(super) fn find(db: &Snapshot<'_>, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<Numbered> {
    let place = buckets::place(db, bucket)?;
    db.maybe(
        "SELECT nr, key, uid, created, initiator, mode, content_type, envelope, choices, metadata FROM uploads
         WHERE uid = ?1 AND bucket = ?2 AND key = ?3",
        params![id, place.nr, key],
        read,
    )?
    .ok_or(Error::NoSuchUpload)
}

/// Reads a row: its number, then the upload's columns.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Numbered> {
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
    Ok(Numbered { nr: row.get(0)?, record })
}

pub(super) fn put_part(tx: &Tx<'_>, command: &PutPart) -> Result<Timestamp> {
    writers::assert_alive(tx, command.writer)?;
    let upload = find(tx, command.bucket, &command.key, command.upload)?.nr;
    Standing::new(tx).all(&command.unchanged)?;
    if command.refs.len() > 1 {
        let others = "SELECT count(*) FROM upload_refs WHERE upload = ?1 AND number <> ?2";
        let others: u32 = tx.one(others, params![upload, command.number], |row| row.get(0))?;
        if others as usize + command.refs.len() > MAX_REFERENCES {
            return Err(Error::TooManyReferences);
        }
    }
    // References are taken before any is dropped: a part may be replaced by a copy of itself.
    blobs::take(tx, command.writer, &command.new_blobs, &command.refs)?;
    let previous: Option<Timestamp> = tx.maybe(
        "SELECT created FROM upload_parts WHERE upload = ?1 AND number = ?2",
        params![upload, command.number],
        |row| row.get(0),
    )?;
    if previous.is_some() {
        blobs::drop_upload_part(tx, upload, command.number)?;
    }
    let created = buckets::after(tx, previous);
    tx.execute(
        "INSERT OR REPLACE INTO upload_parts (upload, number, created, size, etag, digests)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![upload, command.number, created, Count(command.size), command.etag, command.digests],
    )?;
    let mut insert = tx.prepare(
        "INSERT INTO upload_refs (upload, number, seq, blob, start, length, wrapped_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (seq, part) in (0_i64..).zip(&command.refs) {
        let (start, length) = (Count(part.offset), Count(part.length));
        insert.execute(params![upload, command.number, seq, part.blob, start, length, part.wrapped_key])?;
    }
    Ok(created)
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

pub(super) fn complete(tx: &Tx<'_>, command: CompleteUpload) -> Result<Published> {
    let publish = command.publish;
    let upload = find(tx, publish.bucket, &publish.key, command.upload)?.nr;
    if publish.uid != command.upload || !publish.new_blobs.is_empty() {
        return Err(Error::Internal("a completed upload is another version than its own".into()));
    }
    let stored: Vec<(u32, Timestamp)> = tx.all(
        "SELECT number, created FROM upload_parts WHERE upload = ?1 ORDER BY number",
        [upload],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut chosen = command.parts.iter().peekable();
    for (number, created) in stored {
        match chosen.next_if(|part| part.number == number) {
            Some(part) if part.created != created => return Err(Error::Changed),
            Some(_) => {}
            None => drop_part(tx, upload, number)?,
        }
    }
    if chosen.next().is_some() {
        return Err(Error::Changed);
    }
    objects::publish_with(
        tx,
        publish,
        |_| Ok(()),
        |publish, version| move_parts(tx, upload, version, publish.parts.len()),
    )
}

fn drop_part(tx: &Tx<'_>, upload: i64, number: u32) -> Result<()> {
    blobs::drop_upload_part(tx, upload, number)?;
    tx.execute("DELETE FROM upload_parts WHERE upload = ?1 AND number = ?2", params![upload, number])?;
    Ok(())
}

/// Makes all that an upload holds a version's, and ends the upload.
fn move_parts(tx: &Tx<'_>, upload: i64, version: i64, expected: usize) -> Result<()> {
    let moved = tx.execute(
        "INSERT INTO parts (version, seq, blob, start, length, wrapped_key)
         SELECT ?2, row_number() OVER (ORDER BY number, seq) - 1, blob, start, length, wrapped_key FROM upload_refs
         WHERE upload = ?1 ORDER BY number, seq",
        params![upload, version],
    )?;
    if moved != expected {
        return Err(Error::Internal(
            format!("an upload has {moved} references, its version {expected}").into(),
        ));
    }
    tx.execute(
        "INSERT INTO version_parts (version, number, size, digests)
         SELECT ?2, number, size, digests FROM upload_parts WHERE upload = ?1 ORDER BY number",
        params![upload, version],
    )?;
    tx.execute("DELETE FROM upload_refs WHERE upload = ?1", [upload])?;
    remove(tx, upload).map(|_| ())
}

pub(super) fn abort(tx: &Tx<'_>, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
    let upload = find(tx, bucket, key, id)?.nr;
    discard(tx, upload).map(|_| ())
}

/// Drops uploads of a bucket that is to be deleted, until so many parts are gone or none is left. Tells whether that is
/// so.
pub(super) fn discard_all(tx: &Tx<'_>, bucket: i64, parts: usize) -> Result<bool> {
    let mut discarded = 0;
    while discarded < parts {
        let sql = "SELECT nr FROM uploads WHERE bucket = ?1 LIMIT 1";
        let Some(upload) = tx.maybe(sql, [bucket], |row| row.get(0))? else { return Ok(true) };
        discarded += discard(tx, upload)? + 1;
    }
    Ok(false)
}

/// Drops an upload with all its parts, and tells how many there were.
fn discard(tx: &Tx<'_>, upload: i64) -> Result<usize> {
    blobs::drop_upload(tx, upload)?;
    remove(tx, upload)
}

fn remove(tx: &Tx<'_>, upload: i64) -> Result<usize> {
    let parts = tx.execute("DELETE FROM upload_parts WHERE upload = ?1", [upload])?;
    tx.execute("DELETE FROM uploads WHERE nr = ?1", [upload])?;
    Ok(parts)
}
