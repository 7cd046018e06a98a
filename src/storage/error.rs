//! What can go wrong below `ops`.

use crate::model::{BucketId, VersionId};

/// The outcomes of storage that are not success. Each says what the caller can do; the source says what
/// happened.
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
    /// No current object under the key, or no such version of it. `marker` tells that a delete marker is
    /// current.
    #[error("no such object")]
    NoSuchObject {
        /// The delete marker that answers for the key, if one does.
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
    /// A blob that the index names is not in the store, or not of the size it must have.
    #[error("blob {blob}: {problem}")]
    BlobDamaged {
        blob: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The envelope could not be sealed inside the commit.
    #[error("sealing failed")]
    Seal,
    /// There is no room: what frees some goes on.
    #[error("there is no room left on the disk")]
    Full,
    /// No database, no store: the same request may succeed later.
    #[error("storage is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The index holds something no version of this program writes.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    #[error("storage failed: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}
