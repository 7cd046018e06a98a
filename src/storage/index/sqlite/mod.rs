//! The index in an embedded SQLite database.
//!
//! One thread writes ([`writer`]), a few read ([`readers`]); the commands are plain functions over a transaction or a
//! snapshot, one file a topic, their SQL beside them.

mod audit;
mod blobs;
mod buckets;
mod checkpoint;
mod connection;
mod error;
mod expiry;
mod install;
mod leases;
mod listing;
mod objects;
mod principals;

mod readers;
mod restore;
mod rewrap;
mod rows;
mod schema;
mod settings;
mod skip_scan;
mod standing;
mod upload_listing;
mod uploads;
mod values;
mod version_listing;
mod versions;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use self::checkpoint::Checkpointer;
use self::connection::Durability;
use self::readers::Readers;
use self::versions::Inline;
use self::writer::Writer;
use super::rows::Rows;
use super::{
    AccessKeyRecord, AccountRecord, BlobRow, BucketAddress, BucketChange, BucketPage, BucketRecord,
    BucketSettings, CompleteUpload, CreateBucket, CreateUpload, Delete, Deleted, Fencing, Finding, FreedBlob,
    Index, Install, ListBuckets, ListObjects, ListUploads, ListVersions, NumberedPart, ObjectPage, PartPage,
    Publish, Published, PutPart, Restore, Result, Rewrap, RoleGrant, SigningKeyRecord, Silence, Unchanged,
    UpdateMetadata, UploadPage, UploadPart, UploadRecord, Usage, UserRecord, VersionPage, VersionRecord,
};
use crate::model::settings::SettingName;
use crate::model::{
    AccountId, BlobId, BucketId, ObjectKey, Timestamp, UserId, VersionId, VersionUid, WriterId,
};
use crate::storage::Error;

/// An index in a SQLite file. It belongs to one process; share it in an `Arc`.
pub struct SqliteIndex {
    // In the order in which they are closed: the last connection to go writes the log back, then the lock goes.
    readers: Readers,
    path: PathBuf,
    /// `None` where another process writes.
    writer: Option<Writer>,
    _lock: Option<File>,
    _temporary: Option<TemporaryFolder>,
}

impl SqliteIndex {
    /// Opens the index, creating the file or bringing its schema up to date. A schema that is newer than this program,
    /// and a file that another process has open, are refused.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Durability::Full, None)
    }

    /// Opens the index to read, beside the process that has it open. Whatever would change it fails.
    pub fn open_beside(path: &Path) -> Result<Self> {
        let readers = Readers::start(path, connection::guest)?;
        Ok(Self { readers, path: path.to_owned(), writer: None, _lock: None, _temporary: None })
    }

    /// An index that is gone when it is dropped, beside a blob store in memory. (It is a temporary file: an SQLite
    /// database in memory has no write-ahead log.)
    pub fn open_in_memory() -> Result<Self> {
        let folder = TemporaryFolder::new()?;
        Self::open_with(&folder.0.join("index.sqlite"), Durability::None, Some(folder))
    }

    fn open_with(path: &Path, durability: Durability, temporary: Option<TemporaryFolder>) -> Result<Self> {
        let lock = connection::lock(path)?;
        let writer = connection::writer(path, durability)?;
        let readers = Readers::start(path, connection::reader)?;
        let checkpointer = Checkpointer::start(connection::checkpointer(path, durability)?)?;
        let writer = Writer::start(writer, checkpointer)?;
        let path = path.to_owned();
        Ok(Self { readers, path, writer: Some(writer), _lock: Some(lock), _temporary: temporary })
    }

    fn writer(&self) -> Result<&Writer> {
        self.writer.as_ref().ok_or_else(|| Error::Internal("the index was opened only to be read".into()))
    }
}

impl std::fmt::Debug for SqliteIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteIndex").finish_non_exhaustive()
    }
}

/// A folder that goes with the index in it.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("cardea-index-{}", BucketId::random()));
        std::fs::create_dir(&path).map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[async_trait]
impl Index for SqliteIndex {
    fn rows(&self) -> &dyn Rows {
        self
    }

    async fn install(&self) -> Result<Option<Install>> {
        self.readers.statement(install::install).await
    }

    async fn create_install(&self, install: Install) -> Result<()> {
        self.writer()?.run(move |tx| install::create_install(tx, &install)).await
    }

    async fn check(&self) -> Result<()> {
        self.readers.statement(install::install).await?;
        match &self.writer {
            Some(writer) => writer.run(install::check).await,
            None => Ok(()),
        }
    }

    /// This process's: nobody else has the index open.
    async fn now(&self) -> Result<Timestamp> {
        Ok(Timestamp::now())
    }

    async fn heartbeat(&self, writer: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| install::heartbeat(tx, writer)).await
    }

    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
        self.writer()?.run(move |tx| install::fence_silent(tx, me, silence)).await
    }

    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>> {
        self.readers.statement(move |db| install::fencing(db, writer)).await
    }

    async fn writer_swept(&self, writer: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| install::writer_swept(tx, writer)).await
    }

    fn shared(&self) -> bool {
        false
    }

    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool> {
        self.writer()?.run(move |tx| leases::take(tx, name, holder, lasts)).await
    }

    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| leases::release(tx, name, holder)).await
    }

    async fn place(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.readers.statement(move |db| leases::place(db, name)).await
    }

    async fn set_place(&self, name: &'static str, holder: WriterId, place: Option<Vec<u8>>) -> Result<bool> {
        self.writer()?.run(move |tx| leases::set_place(tx, name, holder, place.as_deref())).await
    }

    async fn put_account(&self, account: AccountRecord) -> Result<()> {
        self.writer()?.run(move |tx| principals::put_account(tx, &account)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>> {
        let id = id.clone();
        self.readers.statement(move |db| principals::account(db, &id)).await
    }

    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        self.readers.statement(move |db| principals::account_by_name(db, &domain, &name)).await
    }

    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()> {
        self.writer()?.run(move |tx| principals::put_user(tx, &user, &roles)).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>> {
        let id = id.clone();
        self.readers.statement(move |db| principals::user(db, &id)).await
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        self.readers.statement(move |db| principals::user_by_name(db, &domain, &name)).await
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>> {
        let name = name.to_owned();
        self.readers.statement(move |db| principals::user_by_tempauth(db, &name)).await
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>> {
        let user = user.clone();
        self.readers.statement(move |db| principals::roles(db, &user)).await
    }

    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()> {
        self.writer()?.run(move |tx| principals::put_access_key(tx, &key)).await
    }

    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>> {
        let access = access.to_owned();
        self.readers.statement(move |db| principals::access_key(db, &access)).await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        self.readers.statement(principals::signing_keys).await
    }

    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()> {
        self.writer()?.run(move |tx| principals::add_signing_key(tx, &key)).await
    }

    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        self.writer()?.run(move |tx| principals::revoke_token(tx, &id, until, now)).await
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.readers.statement(move |db| principals::is_token_revoked(db, &id)).await
    }

    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()> {
        let id = id.clone();
        self.writer()?.run(move |tx| principals::update_account(tx, &id, changes)).await
    }

    async fn account_usage(&self, id: &AccountId) -> Result<Usage> {
        let id = id.clone();
        self.readers.statement(move |db| buckets::account_usage(db, &id)).await
    }

    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord> {
        self.writer()?.run(move |tx| buckets::create(tx, command)).await
    }

    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord> {
        let address = address.clone();
        self.readers.statement(move |db| Ok(buckets::find(db, &address)?.record)).await
    }

    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord> {
        self.writer()?.run(move |tx| buckets::update(tx, id, changes)).await
    }

    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings> {
        self.readers.statement(move |db| settings::all(db, id)).await
    }

    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64> {
        self.writer()?.run(move |tx| settings::put(tx, id, name, text.as_deref())).await
    }

    async fn delete_bucket(&self, id: BucketId) -> Result<()> {
        while !self.writer()?.run(move |tx| buckets::delete(tx, id)).await? {}
        Ok(())
    }

    async fn bucket_usage(&self, id: BucketId) -> Result<Usage> {
        self.readers.snapshot(move |db| buckets::usage(db, id)).await
    }

    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage> {
        self.readers.snapshot(move |db| buckets::list(db, &query)).await
    }

    async fn publish(&self, command: Publish) -> Result<Published> {
        self.writer()?.run(move |tx| objects::publish(tx, command)).await
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, std::result::Result<VersionRecord, Error>)> {
        let (address, key) = (bucket.clone(), key.clone());
        self.readers
            .snapshot(move |db| {
                let bucket = buckets::find(db, &address)?;
                let found =
                    versions::find(db, bucket.nr, &key, version, bucket.record.versioning, Inline::Load);
                Ok((bucket.record, found))
            })
            .await
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        self.writer()?.run(move |tx| objects::update_metadata(tx, command)).await
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        self.writer()?.run(move |tx| objects::delete(tx, &command)).await
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        self.readers.snapshot(move |db| listing::list(db, &query)).await
    }

    async fn find_many(
        &self,
        keys: Vec<(BucketId, ObjectKey)>,
    ) -> Result<Vec<std::result::Result<VersionRecord, Error>>> {
        self.readers.snapshot(move |db| Ok(versions::find_many(db, &keys))).await
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        self.readers.statement(move |db| blobs::inline(db, blob)).await
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        self.writer()?.run(move |tx| restore::restore(tx, command)).await
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        self.readers.snapshot(move |db| version_listing::list(db, &query)).await
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        self.writer()?.run(move |tx| rewrap::rewrap(tx, &rewraps)).await
    }

    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        self.writer()?.run(move |tx| uploads::create(tx, command)).await
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        self.readers.snapshot(move |db| Ok(uploads::find(db, bucket, &key, id)?.record)).await
    }

    async fn put_part(&self, command: PutPart) -> Result<Timestamp> {
        self.writer()?.run(move |tx| uploads::put_part(tx, &command)).await
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
                let upload = uploads::find(db, bucket, &key, id)?;
                let parts = uploads::parts(db, upload.nr)?;
                Ok((upload.record, parts))
            })
            .await
    }

    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published> {
        self.writer()?.run(move |tx| uploads::complete(tx, command)).await
    }

    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
        let key = key.clone();
        self.writer()?.run(move |tx| uploads::abort(tx, bucket, &key, id)).await
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
                let upload = uploads::find(db, bucket, &key, id)?;
                upload_listing::parts(db, upload, after, limit)
            })
            .await
    }

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        self.readers.snapshot(move |db| versions::numbered_parts(db, &version, after, limit)).await
    }

    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        self.readers.statement(move |db| blobs::freed(db, before, limit)).await
    }

    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        self.readers.statement(move |db| blobs::freed_inline(db, before, limit)).await
    }

    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()> {
        self.writer()?.run(move |tx| blobs::forget(tx, &blobs)).await
    }

    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>> {
        self.readers.snapshot(move |db| blobs::known(db, blobs)).await
    }

    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        self.readers.statement(move |db| audit::blob(db, id)).await
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32> {
        self.writer()?.run(move |tx| expiry::expire(tx, now, limit)).await
    }

    async fn audit(&self) -> Result<Vec<Finding>> {
        let damaged = match &self.writer {
            Some(writer) => writer.run(|tx| audit::database(tx)).await?,
            None => self.readers.snapshot(audit::database).await?,
        };
        // Nothing that is read from a damaged file can be trusted.
        if damaged.is_empty() { self.readers.snapshot(audit::audit).await } else { Ok(damaged) }
    }

    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
        self.readers.statement(move |db| audit::blobs_after(db, after, limit)).await
    }

    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
        self.readers.statement(move |db| buckets::page(db, after, limit)).await
    }

    async fn unswept_writers(&self) -> Result<Vec<WriterId>> {
        self.readers.statement(install::unswept_writers).await
    }
}
