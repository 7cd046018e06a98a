//! The domain: one file per operation, the only place where things happen.
//!
//! [`Gateway::execute`] is the one entry. It authorises, opens a span, runs, counts and audits; an operation's `run`
//! takes a [`Permit`] that only `execute` can make, so no front can forget authorisation.

mod account;
mod bucket;
mod bucket_cache;
mod caller;
mod delete_object;
mod digest;
mod digests;
mod directory;
mod error;
mod gateway;
mod get_object;
mod list_objects;
mod metrics;
mod opening;
mod put_object;
mod reader;
mod sealing;
mod update_object;
mod upload;

pub use account::{AccountInfo, AccountView, ListBuckets, UpdateAccount};
pub use bucket::{BucketInfo, BucketView, CreateBucket, CreatedBucket, DeleteBucket, Face, UpdateBucket};
pub use caller::{Caller, Identity};
pub use delete_object::DeleteObject;
pub use digests::Digests;
pub use directory::IndexDirectory;
pub use error::Error;
pub use gateway::{Gateway, Limits, Operation, Permit, Target};
pub use get_object::{GetObject, ObjectInfo, OpenObject};
pub use list_objects::ListObjects;
pub use metrics::Metrics;
pub use put_object::{ChecksumRequest, ExpectedChecksum, PutObject, PutOutcome, WriteEncryption};
pub use reader::ObjectReader;
pub use update_object::UpdateObject;

// What the fronts need of the layers below, so that they import `ops` alone.
pub use crate::authz::{Action, Role};
pub use crate::encryption::{CustomerKey, KeyFormatError};
pub use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, Deleted, ObjectPage, ObjectRow,
    Precondition, Usage, Versioning,
};
