//! Multipart uploads, from their beginning to the version they become.

use async_trait::async_trait;
use futures_util::future::{join, join3, join4};
use tokio_postgres::Row;

use super::super::change;
use super::super::upload_rules::{Choices, check_completion, check_references, unchosen};
use super::PostgresIndex;
use super::publish::{self, Contents};
use super::transaction::Tx;
use super::unchanged::{self, Hold};
use super::values::{Count, apart, small, to_json};
use super::{blobs, bucket_facts, locks, upload_listing, upload_rows, writers};
use crate::model::{BlobId, BucketId, ObjectKey, Timestamp, VersionUid};
use crate::storage::index::{
    CompleteUpload, CreateUpload, ListUploads, PartPage, Published, PutPart, Result, Unchanged, UploadPage,
    UploadPart, UploadRecord, Uploads,
};

#[async_trait]
impl Uploads for PostgresIndex {
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        command!(self.db, tx, (command) => create(tx, command))
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        Ok(query!(self.db, db, (bucket, key, id) => upload_rows::find(db, *bucket, key, *id))?.record)
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
        snapshot!(self.db, db, (bucket, key, id) => upload_rows::with_parts(db, *bucket, key, *id))
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

pub(super) async fn create(tx: &Tx, command: &CreateUpload) -> Result<Timestamp> {
    let (locked, facts) =
        join(locks::for_bucket(tx, command.bucket), bucket_facts::find(tx, command.bucket)).await;
    locked?;
    let (metadata, content_type) = apart(&command.metadata)?;
    tx.execute(
        "INSERT INTO uploads (uid, bucket, key, created, initiator, mode, content_type, envelope, choices, metadata)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &command.uid,
            &facts?.nr,
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

pub(super) async fn put_part(tx: &Tx, command: &PutPart) -> Result<Timestamp> {
    let (bucket, upload, number) = (command.bucket, command.upload, command.number);
    let previous = "SELECT p.created FROM uploads u JOIN upload_parts p ON p.upload = u.nr AND p.number = $2 WHERE u.uid = $1";
    let many = command.refs.len() > 1;
    let (locked, alive, found, previous) = join4(
        locks::for_part(tx, command.writer, bucket, upload, number, many),
        writers::assert_alive(tx, command.writer),
        upload_rows::number(tx, bucket, &command.key, upload),
        tx.maybe(previous, &[&upload, &i64::from(number)]),
    )
    .await;
    locked.and(alive)?;
    let nr = found?;
    let previous: Option<Timestamp> = previous?.map(|row| row.try_get(0)).transpose()?;
    let unchanged: Vec<&Unchanged> = command.unchanged.iter().collect();
    unchanged::find_and_hold(tx, &unchanged, Hold::Share).await?;
    if many {
        let others = "SELECT count(*) FROM upload_refs WHERE upload = $1 AND number <> $2";
        let others: i64 = tx.one(others, &[&nr, &i64::from(number)]).await?.try_get(0)?;
        check_references(small(others)?, command.refs.len())?;
    }
    let created = change::after(tx.now(), previous);
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

/// Writes a part. If it replaces another, the references of that one are already gone.
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

pub(super) async fn complete(tx: &Tx, command: &CompleteUpload) -> Result<Published> {
    let publish = &command.publish;
    check_completion(command)?;
    let stored =
        "SELECT p.number, p.created FROM uploads u JOIN upload_parts p ON p.upload = u.nr WHERE u.uid = $1
                  ORDER BY p.number";
    let (locked, alone, found, stored) = join4(
        locks::for_publish(tx, publish.writer, publish.bucket, &publish.key),
        locks::upload_alone(tx, command.upload),
        upload_rows::number(tx, publish.bucket, &publish.key, command.upload),
        tx.all(stored, &[&command.upload]),
    )
    .await;
    locked.and(alone)?;
    let upload = found?;
    let read = |row: &Row| Ok((small(row.try_get(0)?)?, row.try_get(1)?));
    let stored: Vec<(u32, Timestamp)> = stored?.iter().map(read).collect::<Result<_>>()?;
    let dropped: Vec<i64> = unchosen(stored, &command.parts)?.into_iter().map(i64::from).collect();
    publish::publish_with(tx, publish, Contents::Uploaded { upload, dropped: &dropped }).await
}

pub(super) async fn abort(tx: &Tx, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
    let (locked, alone, upload) = join3(
        locks::for_bucket(tx, bucket),
        locks::upload_alone(tx, id),
        upload_rows::number(tx, bucket, key, id),
    )
    .await;
    locked.and(alone)?;
    upload_rows::discard(tx, &[upload?]).await
}
