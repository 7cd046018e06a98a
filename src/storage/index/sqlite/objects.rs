//! Objects and their versions: this file passes each command to the file of its topic.

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::params;

use super::super::brief::{current, no_such_object};
use super::super::change;
use super::SqliteIndex;
use super::connection::Tx;
use super::finding::{self, Inline};
use super::values::to_json;
use super::{
    blobs, bucket_facts, bucket_rows, delete, listing, publish, restore, rewrap, version_listing, versions,
};
use crate::model::{BlobId, BucketId, ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Delete, Deleted, ListObjects, ListVersions, NumberedPart, ObjectPage,
    Objects, Publish, Published, Restore, Result, Rewrap, Unchanged, UpdateMetadata, VersionPage,
    VersionRecord,
};

#[async_trait]
impl Objects for SqliteIndex {
    async fn publish(&self, command: Publish) -> Result<Published> {
        self.writer()?.run(move |tx| publish::publish(tx, command)).await
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)> {
        let (address, key) = (bucket.clone(), key.clone());
        self.readers
            .snapshot(move |db| {
                let bucket = bucket_rows::find(db, &address)?;
                let found =
                    finding::find(db, bucket.nr, &key, version, bucket.record.versioning, Inline::Load);
                Ok((bucket.record, found))
            })
            .await
    }

    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>> {
        self.readers.snapshot(move |db| Ok(finding::find_many(db, &keys))).await
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        self.readers.statement(move |db| blobs::inline(db, blob)).await
    }

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        self.readers.snapshot(move |db| finding::numbered_parts(db, &version, after, limit)).await
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        self.writer()?.run(move |tx| update_metadata(tx, command)).await
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        self.writer()?.run(move |tx| restore::restore(tx, command)).await
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        self.writer()?.run(move |tx| rewrap::rewrap(tx, &rewraps)).await
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        self.writer()?.run(move |tx| delete::delete(tx, &command)).await
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        self.readers.snapshot(move |db| listing::list(db, &query)).await
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        self.readers.snapshot(move |db| version_listing::list(db, &query)).await
    }
}

pub(super) fn update_metadata(tx: &Tx<'_>, mut command: UpdateMetadata) -> Result<Timestamp> {
    let facts = bucket_facts::find(tx, command.bucket)?;
    let latest = versions::latest(tx, facts.nr, &command.key, facts.versioning)?;
    let Some(current) = current(latest.as_ref()) else {
        return Err(no_such_object(latest.as_ref()));
    };
    let modified = change::after(tx.now(), Some(current.modified));
    let content_type = command.metadata.system.content_type.take();
    let updated = tx.execute(
        "UPDATE versions SET modified = ?3, content_type = ?4, expires = ?5, metadata = ?6 WHERE nr = ?1 AND uid = ?2",
        params![
            current.nr,
            command.uid,
            modified,
            content_type,
            command.metadata.system.delete_at,
            to_json(&command.metadata)?,
        ],
    )?;
    if updated == 1 { Ok(modified) } else { Err(Error::Changed) }
}
