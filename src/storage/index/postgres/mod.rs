//! The index in a PostgreSQL database, which any number of replicas share.
//!
//! The commands are functions over a transaction or a snapshot, one file a topic, their SQL beside them. What they hold
//! against each other is said in [`locks`], how they are run in [`transaction`].

mod audit;
mod blobs;
mod buckets;
mod connection;
mod error;
mod expiry;
mod finding;
mod install;
mod leases;
mod listing;
mod locks;
mod objects;
mod places;
mod principals;
mod restore;
mod rewrap;
mod schema;
mod session;
mod settings;
mod skip_scan;
mod standing;
mod transaction;
mod upload_listing;
mod uploads;
mod values;
mod version_listing;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::connection::{PostgresOptions, Whereabouts};
pub use self::schema::Schema;
pub use self::transaction::Activity;
use self::transaction::Database;
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

/// Runs a call in a transaction, or again in another; what it needs is there by reference each time.
macro_rules! run {
    ($how:ident, $db:expr, $view:ident, ($($owned:ident),*) => $call:expr) => {{
        let owned = Arc::new(($($owned,)*));
        $db.$how(move |$view| {
            let owned = owned.clone();
            Box::pin(async move {
                let ($($owned,)*) = &*owned;
                $call.await
            })
        })
        .await
    }};
}

/// A command that changes the index.
macro_rules! command {
    ($($all:tt)+) => { run!(write, $($all)+) };
}

/// A command that waits for no other one: not behind those that do either.
macro_rules! urgent {
    ($($all:tt)+) => { run!(urgent, $($all)+) };
}

/// A question that one statement answers.
macro_rules! query {
    ($($all:tt)+) => { run!(read, $($all)+) };
}

/// A question that needs several statements over one state.
macro_rules! snapshot {
    ($($all:tt)+) => { run!(snapshot, $($all)+) };
}

// It uses the macros above.
mod rows;

/// An index in PostgreSQL. Share it in an `Arc`.
pub struct PostgresIndex {
    db: Database,
}

impl PostgresIndex {
    /// Opens the index and brings its schema up to date. A schema that is newer than this program, and another program's
    /// database, are refused.
    pub async fn open(options: &PostgresOptions) -> Result<Self> {
        let index = Self::new(options)?;
        index.migrate().await?;
        Ok(index)
    }

    /// An index that is not open yet. Nothing is asked of the database.
    pub fn new(options: &PostgresOptions) -> Result<Self> {
        Ok(Self { db: Database::new(options)? })
    }

    /// Opens the index: see [`Self::open`].
    pub async fn migrate(&self) -> Result<()> {
        run!(migrate, self.db, tx, () => schema::migrate(tx))
    }

    /// How the schema stands to this program. Nothing is changed.
    pub async fn schema(&self) -> Result<Schema> {
        snapshot!(self.db, tx, () => schema::look(tx))
    }

    /// What its connections do now.
    pub fn activity(&self) -> Activity {
        self.db.activity()
    }
}

impl std::fmt::Debug for PostgresIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresIndex").finish_non_exhaustive()
    }
}

#[async_trait]
impl Index for PostgresIndex {
    fn rows(&self) -> &dyn Rows {
        self
    }

    async fn install(&self) -> Result<Option<Install>> {
        query!(self.db, db, () => install::install(db))
    }

    async fn create_install(&self, install: Install) -> Result<()> {
        command!(self.db, tx, (install) => install::create_install(tx, install))
    }

    async fn check(&self) -> Result<()> {
        self.install().await?;
        urgent!(self.db, tx, () => install::check(tx))
    }

    async fn now(&self) -> Result<Timestamp> {
        query!(self.db, db, () => install::now(db))
    }

    async fn heartbeat(&self, writer: WriterId) -> Result<()> {
        urgent!(self.db, tx, (writer) => install::heartbeat(tx, *writer))
    }

    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
        command!(self.db, tx, (me, silence) => install::fence_silent(tx, *me, *silence))
    }

    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>> {
        query!(self.db, db, (writer) => install::fencing(db, *writer))
    }

    async fn writer_swept(&self, writer: WriterId) -> Result<()> {
        command!(self.db, tx, (writer) => install::writer_swept(tx, *writer))
    }

    fn shared(&self) -> bool {
        true
    }

    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool> {
        command!(self.db, tx, (name, holder, lasts) => leases::take(tx, name, *holder, *lasts))
    }

    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()> {
        command!(self.db, tx, (name, holder) => leases::release(tx, name, *holder))
    }

    async fn place(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        query!(self.db, db, (name) => leases::place(db, name))
    }

    async fn set_place(&self, name: &'static str, holder: WriterId, place: Option<Vec<u8>>) -> Result<bool> {
        command!(self.db, tx, (name, holder, place) => leases::set_place(tx, name, *holder, place.as_deref()))
    }

    async fn put_account(&self, account: AccountRecord) -> Result<()> {
        command!(self.db, tx, (account) => principals::put_account(tx, account))
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>> {
        let id = id.clone();
        query!(self.db, db, (id) => principals::account(db, id))
    }

    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        query!(self.db, db, (domain, name) => principals::account_by_name(db, domain, name))
    }

    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()> {
        command!(self.db, tx, (user, roles) => principals::put_user(tx, user, roles))
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>> {
        let id = id.clone();
        query!(self.db, db, (id) => principals::user(db, id))
    }

    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>> {
        let (domain, name) = (domain.to_owned(), name.to_owned());
        query!(self.db, db, (domain, name) => principals::user_by_name(db, domain, name))
    }

    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>> {
        let name = name.to_owned();
        query!(self.db, db, (name) => principals::user_by_tempauth(db, name))
    }

    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>> {
        let user = user.clone();
        query!(self.db, db, (user) => principals::roles(db, user))
    }

    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()> {
        command!(self.db, tx, (key) => principals::put_access_key(tx, key))
    }

    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>> {
        let access = access.to_owned();
        query!(self.db, db, (access) => principals::access_key(db, access))
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        query!(self.db, db, () => principals::signing_keys(db))
    }

    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()> {
        command!(self.db, tx, (key) => principals::add_signing_key(tx, key))
    }

    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()> {
        let id = id.to_owned();
        command!(self.db, tx, (id, until, now) => principals::revoke_token(tx, id, *until, *now))
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        query!(self.db, db, (id) => principals::is_token_revoked(db, id))
    }

    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()> {
        let id = id.clone();
        command!(self.db, tx, (id, changes) => principals::update_account(tx, id, changes))
    }

    async fn account_usage(&self, id: &AccountId) -> Result<Usage> {
        let id = id.clone();
        query!(self.db, db, (id) => buckets::account_usage(db, id))
    }

    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord> {
        command!(self.db, tx, (command) => buckets::create(tx, command))
    }

    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord> {
        let address = address.clone();
        Ok(query!(self.db, db, (address) => buckets::find(db, address))?.record)
    }

    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord> {
        command!(self.db, tx, (id, changes) => buckets::update(tx, *id, changes))
    }

    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings> {
        query!(self.db, db, (id) => settings::all(db, *id))
    }

    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64> {
        command!(self.db, tx, (id, name, text) => settings::put(tx, *id, *name, text.as_deref()))
    }

    async fn delete_bucket(&self, id: BucketId) -> Result<()> {
        while !command!(self.db, tx, (id) => buckets::delete(tx, *id))? {}
        Ok(())
    }

    async fn bucket_usage(&self, id: BucketId) -> Result<Usage> {
        query!(self.db, db, (id) => buckets::usage(db, *id))
    }

    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage> {
        query!(self.db, db, (query) => buckets::list(db, query))
    }

    async fn publish(&self, command: Publish) -> Result<Published> {
        command!(self.db, tx, (command) => objects::publish(tx, command))
    }

    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, std::result::Result<VersionRecord, Error>)> {
        let (address, key) = (bucket.clone(), key.clone());
        query!(self.db, db, (address, key, version) => finding::find_with_bucket(db, address, key, *version))
    }

    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp> {
        command!(self.db, tx, (command) => objects::update_metadata(tx, command))
    }

    async fn delete(&self, command: Delete) -> Result<Deleted> {
        command!(self.db, tx, (command) => objects::delete(tx, command))
    }

    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage> {
        query!(self.db, db, (query) => listing::list(db, query))
    }

    async fn find_many(
        &self,
        keys: Vec<(BucketId, ObjectKey)>,
    ) -> Result<Vec<std::result::Result<VersionRecord, Error>>> {
        snapshot!(self.db, db, (keys) => finding::find_many(db, keys))
    }

    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>> {
        query!(self.db, db, (blob) => blobs::inline(db, *blob))
    }

    async fn restore(&self, command: Restore) -> Result<Published> {
        command!(self.db, tx, (command) => restore::restore(tx, command))
    }

    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage> {
        snapshot!(self.db, db, (query) => version_listing::list(db, query))
    }

    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()> {
        command!(self.db, tx, (rewraps) => rewrap::rewrap(tx, rewraps))
    }

    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp> {
        command!(self.db, tx, (command) => uploads::create(tx, command))
    }

    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord> {
        let key = key.clone();
        Ok(query!(self.db, db, (bucket, key, id) => uploads::find(db, *bucket, key, *id))?.record)
    }

    async fn put_part(&self, command: PutPart) -> Result<Timestamp> {
        command!(self.db, tx, (command) => uploads::put_part(tx, command))
    }

    async fn upload_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<(UploadRecord, Vec<UploadPart>)> {
        let key = key.clone();
        snapshot!(self.db, db, (bucket, key, id) => uploads::with_parts(db, *bucket, key, *id))
    }

    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published> {
        command!(self.db, tx, (command) => uploads::complete(tx, command))
    }

    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()> {
        let key = key.clone();
        command!(self.db, tx, (bucket, key, id) => uploads::abort(tx, *bucket, key, *id))
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

    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>> {
        snapshot!(self.db, db, (version, after, limit) => finding::numbered_parts(db, version, *after, *limit))
    }

    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        query!(self.db, db, (before, limit) => blobs::freed(db, *before, *limit))
    }

    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>> {
        query!(self.db, db, (before, limit) => blobs::freed_inline(db, *before, *limit))
    }

    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()> {
        command!(self.db, tx, (blobs) => blobs::forget(tx, blobs))
    }

    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>> {
        query!(self.db, db, (blobs) => blobs::known(db, blobs))
    }

    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        query!(self.db, db, (id) => blobs::find(db, *id))
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32> {
        let mut count = 0;
        for (bucket, key) in query!(self.db, db, (now, limit) => expiry::expired(db, *now, *limit))? {
            let done = command!(self.db, tx, (bucket, key, now) => expiry::expire(tx, *bucket, key, *now))?;
            count += u32::from(done);
        }
        Ok(count)
    }

    async fn audit(&self) -> Result<Vec<Finding>> {
        run!(survey, self.db, db, () => audit::audit(db))
    }

    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>> {
        query!(self.db, db, (after, limit) => blobs::after(db, *after, *limit))
    }

    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>> {
        query!(self.db, db, (after, limit) => buckets::page(db, *after, *limit))
    }

    async fn unswept_writers(&self) -> Result<Vec<WriterId>> {
        query!(self.db, db, () => install::unswept_writers(db))
    }
}
