//! Objects and their versions: this file passes each command to the file of its topic.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join3;

use super::super::brief::{current, no_such_object};
use super::super::change;
use super::PostgresIndex;
use super::transaction::Tx;
use super::values::apart;
use super::{
    blobs, bucket_facts, delete, finding, listing, locks, publish, restore, rewrap, version_listing, versions,
};
use crate::model::{BlobId, BucketId, ObjectKey, Timestamp, VersionId};
use crate::storage::Error;
use crate::storage::index::{
    BucketAddress, BucketRecord, Delete, Deleted, ListObjects, ListVersions, NumberedPart, ObjectPage,
    Objects, Publish, Published, Restore, Result, Rewrap, Unchanged, UpdateMetadata, VersionPage,
    VersionRecord,
};

#[async_trait]
impl Objects for PostgresIndex {
    async fn publish(&self, command: Publish) -> Result<Published> {
        command!(self.db, tx, (command) => publish::publish(tx, command))
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, Result<VersionRecord>)> {
        let (address, key) = (bucket.clone(), key.clone());
        query!(self.db, db, (address, key, version) => finding::find_with_bucket(db, address, key, *version))
    }

    async fn find_many(&self, keys: Vec<(BucketId, ObjectKey)>) -> Result<Vec<Result<VersionRecord>>> {
        snapshot!(self.db, db, (keys) => finding::find_many(db, keys))
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        query!(self.db, db, (blob) => blobs::inline(db, *blob))
    }

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        snapshot!(self.db, db, (version, after, limit) => finding::numbered_parts(db, version, *after, *limit))
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        command!(self.db, tx, (command) => update_metadata(tx, command))
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        command!(self.db, tx, (command) => restore::restore(tx, command))
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        command!(self.db, tx, (rewraps) => rewrap::rewrap(tx, rewraps))
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        command!(self.db, tx, (command) => delete::delete(tx, command))
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        query!(self.db, db, (query) => listing::list(db, query))
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        snapshot!(self.db, db, (query) => version_listing::list(db, query))
    }
}

pub(super) async fn update_metadata(tx: &Tx, command: &UpdateMetadata) -> Result<Timestamp> {
    let (locked, facts, latest) = join3(
        locks::for_key(tx, command.bucket, &command.key),
        bucket_facts::find(tx, command.bucket),
        versions::latest(tx, command.bucket, &command.key),
    )
    .await;
    locked?;
    facts?;
    let latest = latest?;
    let Some(current) = current(latest.as_ref()) else {
        return Err(no_such_object(latest.as_ref()));
    };
    let modified = change::after(tx.now(), Some(current.modified));
    let (metadata, content_type) = apart(&command.metadata)?;
    let updated = tx
        .execute(
            "UPDATE versions SET modified = $3, content_type = $4, expires = $5, metadata = $6
             WHERE nr = $1 AND uid = $2",
            &[
                &current.nr,
                &command.uid,
                &modified,
                &content_type,
                &command.metadata.system.delete_at,
                &metadata,
            ],
        )
        .await?;
    if updated == 1 { Ok(modified) } else { Err(Error::Changed) }
}
