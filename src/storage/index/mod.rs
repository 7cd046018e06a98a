//! The index: names, order, references and meaning of the sealed blobs, as a set of commands.
//!
//! Every command is one transaction of its own. No transaction is held while the caller awaits. One suite
//! (`tests/storage`) is written as functions over `dyn Index` and runs unchanged over every kind of index.

mod audit;
mod brief;
mod bucket_rules;
mod buckets;
mod care;
mod change;
mod checks;
mod command;
mod installation;
mod key_scan;
mod merge;
mod objects;
pub mod postgres;
mod principals;
mod range;
mod record;
pub mod rows;
mod settings;
pub mod sqlite;
mod upload_rules;
mod uploads;
mod writers;

pub use audit::{BlobRow, Finding};
pub use buckets::Buckets;
pub use care::Care;
pub use command::{
    BucketChange, CreateBucket, Delete, Deleted, Existing, KeyQuery, ListBuckets, ListObjects, ListVersions,
    NamePolicy, NewBlob, NewVersion, Precondition, Publish, Published, Restore, Rewrap, SealEnvelope,
    Silence, Unchanged, UpdateMetadata,
};
pub use installation::Installation;
pub use objects::Objects;
pub use principals::{AccessKeyRecord, AccountRecord, Principals, RoleGrant, SigningKeyRecord, UserRecord};
pub use record::{
    BucketAddress, BucketPage, BucketRecord, BucketRow, BucketSettings, Fencing, FreedBlob, Install,
    ObjectPage, ObjectRow, PartRecord, Usage, VersionPage, VersionRecord, VersionRow, Versioning,
};
pub use uploads::{
    ChosenPart, CompleteUpload, CreateUpload, ListUploads, MAX_REFERENCES, NumberedPart, PartPage, PutPart,
    UploadChecksum, UploadPage, UploadPart, UploadRecord, UploadRow, Uploads,
};
pub use writers::Writers;

use super::Error;

/// The result of an index command.
pub type Result<T> = std::result::Result<T, Error>;

/// An index: its commands, one trait for each topic.
///
/// All methods are safe to call from any number of tasks. What a command has acknowledged is durable.
pub trait Index: Installation + Writers + Principals + Buckets + Objects + Uploads + Care + 'static {}

impl<T: Installation + Writers + Principals + Buckets + Objects + Uploads + Care + 'static> Index for T {}
