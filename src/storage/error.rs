//! The errors of the storage layer.

use crate::model::{BucketId, VersionId};

/// The failures of storage. Each variant says what the caller can do; its source says what happened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bucket of that name or id.
    #[error("no such bucket")]
    NoSuchBucket,
    /// The bucket name is taken in this account (a bucket of the same account).
    #[error("the account has a bucket of this name")]
    BucketExists(BucketId),
    /// The S3 name is registered by another account.
    #[error("the name belongs to another account")]
    NameTaken,
    /// The bucket still holds objects or versions.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The key has no current object, or not this version. `marker` is set if a delete marker is current.
    #[error("no such object")]
    NoSuchObject {
        /// The delete marker that is the latest version, if there is one.
        marker: Option<VersionId>,
    },
    /// No multipart upload of that id in the bucket under the key.
    #[error("no such upload")]
    NoSuchUpload,
    /// A condition of the command does not hold.
    #[error("a precondition failed")]
    PreconditionFailed,
    /// The version changed between its reading and the command that relied on it: read again.
    #[error("the version has changed meanwhile")]
    Changed,
    /// An upload would refer to blobs more often than an object may.
    #[error("the upload would have too many references")]
    TooManyReferences,
    /// This process was declared dead by another: its blobs may be gone, it must not publish.
    #[error("this writer is fenced")]
    Fenced,
    /// A blob that the index names is missing in the store, or has another size.
    #[error("blob {blob}: {problem}")]
    BlobDamaged {
        blob: String,
        /// The problem that was found.
        problem: &'static str,
    },
    /// The envelope could not be sealed inside the commit.
    #[error("sealing failed")]
    Seal,
    /// The disk is full. Operations that free space still work.
    #[error("there is no room left on the disk")]
    Full,
    /// The database or the store is not available: the same request may succeed later.
    #[error("storage is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The index holds a value that no version of this program writes.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    #[error("storage failed: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
