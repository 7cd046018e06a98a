//! The index: names, order, references and meaning of the sealed blobs, as a set of commands.
//!
//! Every command is one transaction of its own; none is held across an await of the caller's. One suite
//! (`tests/storage`) is written as functions over `dyn Index` and runs unchanged over every implementation.

mod audit;
mod command;
mod merge;
mod multipart;
pub mod postgres;
mod principal;
mod range;
mod record;
pub mod rows;
mod settings;
pub mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use audit::{BlobRow, Finding};
pub use command::{
    BucketChange, CreateBucket, Delete, Deleted, Existing, ListBuckets, ListObjects, ListVersions,
    NamePolicy, NewBlob, Precondition, Publish, Published, Restore, Rewrap, SealEnvelope, Silence, Unchanged,
    UpdateMetadata,
};
pub use multipart::{
    ChosenPart, CompleteUpload, CreateUpload, ListUploads, NumberedPart, PartPage, PutPart, UploadChecksum,
    UploadPage, UploadPart, UploadRecord, UploadRow,
};
pub use principal::{AccessKeyRecord, AccountRecord, RoleGrant, SigningKeyRecord, UserRecord};
pub use record::{
    BucketAddress, BucketPage, BucketRecord, BucketRow, BucketSettings, Fencing, FreedBlob, Install,
    ObjectPage, ObjectRow, PartRecord, Usage, VersionPage, VersionRecord, VersionRow, Versioning,
};

use super::Error;
use crate::model::settings::SettingName;
use crate::model::{
    AccountId, BlobId, BucketId, ObjectKey, Timestamp, UserId, VersionId, VersionUid, WriterId,
};

/// The most references to blobs that an object has, and that copies give an upload: they cost nothing to make, and are all
/// read with the object.
pub const MAX_REFERENCES: usize = 20_000;

/// The result of an index command.
pub type Result<T> = std::result::Result<T, Error>;

/// An index. All methods are safe to call from any number of tasks; what has been acknowledged is durable.
#[async_trait]
pub trait Index: Send + Sync + 'static {
    /// The tables below the commands: for backups, and to carry an index to another kind.
    fn rows(&self) -> &dyn rows::Rows;

    // ---- the installation -------------------------------------------------------------------------------------

    /// The installation's record, or `None` while the index is empty.
    async fn install(&self) -> Result<Option<Install>>;
    /// Writes the installation's record. Fails with `PreconditionFailed` where one stands already.
    async fn create_install(&self, install: Install) -> Result<()>;
    /// Answers whether the index can be read and written now (readiness).
    async fn check(&self) -> Result<()>;
    /// The time by the clock that all times in the index are by: of a shared one the database's, not this process's.
    async fn now(&self) -> Result<Timestamp>;

    // ---- writers ----------------------------------------------------------------------------------------------

    /// Registers this process, or renews its heartbeat. Fails with `Fenced` once another has fenced it.
    async fn heartbeat(&self, writer: WriterId) -> Result<()>;
    /// Fences every other writer that is silent, and returns all fenced ones that are not swept.
    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>>;
    /// When a writer was last heard and when it was fenced, where it was.
    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>>;
    /// Notes that no blob of a fenced writer is an orphan any more: [`Self::fence_silent`] tells of it no longer.
    async fn writer_swept(&self, writer: WriterId) -> Result<()>;
    /// Whether other processes may use this index at the same time.
    fn shared(&self) -> bool;

    // ---- leases: work that one process does for all -----------------------------------------------------------

    /// Takes a named lease, or renews it, for so long from now by the index's clock. `false` while another holds it; what
    /// a fenced writer held is free. Fails with `Fenced` for a holder that is no living writer.
    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool>;
    /// Gives a lease back before its time. Another's stays as it is.
    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()>;
    /// How far the work under a lease had come, as its last holder noted it.
    async fn place(&self, name: &'static str) -> Result<Option<Vec<u8>>>;
    /// Notes how far the work under a lease has come (`None`: it begins anew). `false` where another holds it now.
    async fn set_place(&self, name: &'static str, holder: WriterId, place: Option<Vec<u8>>) -> Result<bool>;

    // ---- principals -------------------------------------------------------------------------------------------

    /// Inserts an account, or changes the names and the email of the one with its id: when that was made, and the metadata that its
    /// users gave it, stay.
    async fn put_account(&self, account: AccountRecord) -> Result<()>;
    /// Finds an account by id.
    async fn account(&self, id: &AccountId) -> Result<Option<AccountRecord>>;
    /// Finds an account by its domain's id and its name.
    async fn account_by_name(&self, domain: &str, name: &str) -> Result<Option<AccountRecord>>;
    /// Inserts or replaces a user (by id), with exactly these roles.
    async fn put_user(&self, user: UserRecord, roles: Vec<RoleGrant>) -> Result<()>;
    /// Finds a user by id.
    async fn user(&self, id: &UserId) -> Result<Option<UserRecord>>;
    /// Finds a user by its domain's id and its name.
    async fn user_by_name(&self, domain: &str, name: &str) -> Result<Option<UserRecord>>;
    /// Finds a user by its TempAuth name, `account:user`.
    async fn user_by_tempauth(&self, name: &str) -> Result<Option<UserRecord>>;
    /// All roles of a user.
    async fn roles(&self, user: &UserId) -> Result<Vec<RoleGrant>>;
    /// Inserts or replaces an S3 access key (by its public id).
    async fn put_access_key(&self, key: AccessKeyRecord) -> Result<()>;
    /// Finds an S3 access key by its public id.
    async fn access_key(&self, access: &str) -> Result<Option<AccessKeyRecord>>;
    /// The token signing keys, oldest first.
    async fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>>;
    /// Adds a signing key.
    async fn add_signing_key(&self, key: SigningKeyRecord) -> Result<()>;
    /// Notes that a token is revoked, and forgets the revocations whose `until` has come by `now`.
    async fn revoke_token(&self, id: &str, until: Timestamp, now: Timestamp) -> Result<()>;
    /// Whether a token was revoked.
    async fn is_token_revoked(&self, id: &str) -> Result<bool>;

    // ---- account metadata and buckets -------------------------------------------------------------------------

    /// Merges account metadata: `Some` sets, `None` removes.
    async fn update_account(&self, id: &AccountId, changes: Vec<(String, Option<String>)>) -> Result<()>;
    /// Containers, objects and bytes of an account.
    async fn account_usage(&self, id: &AccountId) -> Result<Usage>;
    /// Creates a bucket. Fails with `BucketExists` (own) or `NameTaken` (another's).
    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord>;
    /// Finds a bucket.
    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord>;
    /// Changes a bucket's metadata or versioning, and moves its `modified`.
    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord>;
    /// The settings of a bucket.
    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings>;
    /// Sets (`Some`) or removes (`None`) a setting, and returns the bucket's new generation of settings. Nothing else of
    /// the bucket changes: not its `modified` either.
    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64>;
    /// Deletes an empty bucket and frees its name. Uploads do not keep it: they are dropped with it.
    async fn delete_bucket(&self, id: BucketId) -> Result<()>;
    /// Objects and bytes of a bucket (current versions).
    async fn bucket_usage(&self, id: BucketId) -> Result<Usage>;
    /// A page of an account's buckets in byte order of their names.
    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage>;

    // ---- objects ----------------------------------------------------------------------------------------------

    /// Publishes a version: checks writer, bucket and conditions, orders it after what stands under the key, frees what
    /// it replaces, counts. One transaction; durable when it returns.
    async fn publish(&self, command: Publish) -> Result<Published>;
    /// Finds a bucket and in it the current object, or the named version, with its parts, in one read. What lives in the index
    /// comes with an object of up to four parts and 64 KiB; else see [`Self::inline_blob`].
    async fn find(
        &self,
        bucket: &BucketAddress,
        key: &ObjectKey,
        version: Option<VersionId>,
    ) -> Result<(BucketRecord, std::result::Result<VersionRecord, Error>)>;
    /// Replaces an object's metadata (Swift POST) and moves its `modified`.
    async fn update_metadata(&self, command: UpdateMetadata) -> Result<Timestamp>;
    /// Deletes the current object or a version, and frees its parts.
    async fn delete(&self, command: Delete) -> Result<Deleted>;
    /// A page of current objects in byte order of their keys; its cost follows the page, never the bucket.
    async fn list_objects(&self, query: ListObjects) -> Result<ObjectPage>;

    /// Finds the current objects under many keys in one read, in the order asked for: the segments of a large object.
    /// What lives in the index is not loaded with them: see [`Self::inline_blob`].
    async fn find_many(
        &self,
        keys: Vec<(BucketId, ObjectKey)>,
    ) -> Result<Vec<std::result::Result<VersionRecord, Error>>>;
    /// A sealed blob that lives in the index; `None` where it is gone.
    async fn inline_blob(&self, blob: BlobId) -> Result<Option<Bytes>>;
    /// Makes an old version the current object again.
    async fn restore(&self, command: Restore) -> Result<Published>;
    /// A page of versions and delete markers; its cost follows the page, never the bucket.
    async fn list_versions(&self, query: ListVersions) -> Result<VersionPage>;
    /// Seals versions anew where they stand, all or none.
    async fn rewrap(&self, rewraps: Vec<Rewrap>) -> Result<()>;

    // ---- multipart uploads ------------------------------------------------------------------------------------

    /// Begins an upload.
    async fn create_upload(&self, command: CreateUpload) -> Result<Timestamp>;
    /// Finds an upload. One of another bucket or key is `NoSuchUpload`.
    async fn upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<UploadRecord>;
    /// Stores a part, and says when. Fails with `TooManyReferences` where a part of more than one would give the upload more
    /// than [`MAX_REFERENCES`].
    async fn put_part(&self, command: PutPart) -> Result<Timestamp>;
    /// An upload with all its parts and their references, by number.
    async fn upload_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
    ) -> Result<(UploadRecord, Vec<UploadPart>)>;
    /// Turns an upload into a version.
    async fn complete_upload(&self, command: CompleteUpload) -> Result<Published>;
    /// Drops an upload with all its parts.
    async fn abort_upload(&self, bucket: BucketId, key: &ObjectKey, id: VersionUid) -> Result<()>;
    /// A page of a bucket's uploads.
    async fn list_uploads(&self, query: ListUploads) -> Result<UploadPage>;
    /// A page of an upload's parts with numbers after `after`.
    async fn list_parts(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        id: VersionUid,
        after: u32,
        limit: u32,
    ) -> Result<PartPage>;
    /// The numbered parts of a version with numbers after `after`. None for one that came in one piece.
    async fn numbered_parts(&self, version: Unchanged, after: u32, limit: u32) -> Result<Vec<NumberedPart>>;

    // ---- care -------------------------------------------------------------------------------------------------

    /// Blobs that were freed before `before`, oldest first.
    async fn freed_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// Those of them whose bytes live in the index, which no backup needs to be kept.
    async fn freed_inline(&self, before: Timestamp, limit: u32) -> Result<Vec<FreedBlob>>;
    /// Forgets freed blobs once the store has deleted them; the bytes that live in the index go with them.
    async fn forget_blobs(&self, blobs: Vec<BlobId>) -> Result<()>;
    /// Which of these blobs the index knows (referenced or freed): the others of a fenced writer are orphans.
    async fn known_blobs(&self, blobs: Vec<BlobId>) -> Result<Vec<BlobId>>;
    /// A blob's row. `None` where the index does not know it.
    async fn blob(&self, id: BlobId) -> Result<Option<BlobRow>>;
    /// Deletes current objects whose time to be deleted (`X-Delete-At`) has come at `now`, by the index's own clock
    /// ([`Self::now`]), at most so many, each as a DELETE without a version would; and tells how many. An old version is not
    /// touched: who reads it finds it expired.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<u32>;
    /// Checks the index against itself: what contradicts what. Reads all of it; tells a thousand findings at most.
    async fn audit(&self) -> Result<Vec<Finding>>;
    /// Blobs by id, after this one: to be compared with the blob store.
    async fn blobs_after(&self, after: Option<BlobId>, limit: u32) -> Result<Vec<BlobRow>>;
    /// Buckets of all accounts by id, after this one.
    async fn buckets_after(&self, after: Option<BucketId>, limit: u32) -> Result<Vec<BucketRecord>>;
    /// The writers that may have written blobs that nobody published: those that no sweep has done with.
    async fn unswept_writers(&self) -> Result<Vec<WriterId>>;
}
