//! Multipart uploads, from their beginning to the version they become.

use async_trait::async_trait;
use rusqlite::params;

use super::super::change;
use super::super::upload_rules::{Choices, check_completion, check_references, unchosen};
use super::SqliteIndex;
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::values::{Count, to_json};
use super::{blobs, bucket_facts, publish, upload_listing, upload_rows, writers};
use crate::model::{BucketId, ObjectKey, Timestamp, VersionUid};
use crate::storage::index::{
    CompleteUpload, CreateUpload, ListUploads, PartPage, Published, PutPart, Result, UploadPage, UploadPart,
    UploadRecord, Uploads,
};

#[async_trait]
impl Uploads for SqliteIndex {
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        self.writer()?.run(move |tx| create(tx, command)).await
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        self.readers.snapshot(move |db| Ok(upload_rows::find(db, bucket, &key, id)?.record)).await
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
                let upload = upload_rows::find(db, bucket, &key, id)?;
                let parts = upload_rows::parts(db, upload.nr)?;
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
                let upload = upload_rows::find(db, bucket, &key, id)?;
                upload_listing::parts(db, upload, after, limit)
            })
            .await
    }
}

pub(super) fn create(tx: &Tx<'_>, mut command: CreateUpload) -> Result<Timestamp> {
    let facts = bucket_facts::find(tx, command.bucket)?;
    let content_type = command.metadata.system.content_type.take();
    tx.insert(
        "INSERT INTO uploads (uid, bucket, key, created, initiator, mode, content_type, envelope, choices, metadata)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            command.uid,
            facts.nr,
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

pub(super) fn put_part(tx: &Tx<'_>, command: &PutPart) -> Result<Timestamp> {
    writers::assert_alive(tx, command.writer)?;
    let upload = upload_rows::find(tx, command.bucket, &command.key, command.upload)?.nr;
    UnchangedVersions::new(tx).all(&command.unchanged)?;
    if command.refs.len() > 1 {
        let others = "SELECT count(*) FROM upload_refs WHERE upload = ?1 AND number <> ?2";
        let others: u32 = tx.one(others, params![upload, command.number], |row| row.get(0))?;
        check_references(others as usize, command.refs.len())?;
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
    let created = change::after(tx.now(), previous);
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

pub(super) fn complete(tx: &Tx<'_>, command: CompleteUpload) -> Result<Published> {
    check_completion(&command)?;
    let publish = command.publish;
    let upload = upload_rows::find(tx, publish.bucket, &publish.key, command.upload)?.nr;
    let stored = "SELECT number, created FROM upload_parts WHERE upload = ?1 ORDER BY number";
    let stored = tx.all(stored, [upload], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for number in unchosen(stored, &command.parts)? {
        upload_rows::drop_part(tx, upload, number)?;
    }
    publish::publish_with(
        tx,
        publish,
        |_| Ok(()),
        |publish, version| upload_rows::move_parts(tx, upload, version, publish.version.parts.len()),
    )
}

pub(super) fn abort(tx: &Tx<'_>, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
    let upload = upload_rows::find(tx, bucket, key, id)?.nr;
    upload_rows::discard(tx, upload).map(|_| ())
}
