//! The domain: one file per operation, the only place where things happen.
//!
//! [`Gateway::execute`] is the one entry. It authorises, opens a span, runs, counts and audits; an operation's `run`
//! takes a [`Permit`] that only `execute` can make, so no front can forget authorisation.

mod account;
mod audit;
pub mod backup;
mod bucket;
mod bucket_cache;
mod caller;
mod content;
mod copy_object;
mod delete_many;
mod delete_object;
mod digest;
mod digests;
mod directory;
mod error;
pub mod fsck;
mod gateway;
mod get_object;
mod large;
mod list_objects;
mod list_versions;
mod metrics;
mod multipart;
mod opening;
mod put_object;
mod reader;
mod restore_version;
mod scrub;
mod sealing;
mod source;
mod update_object;
mod upload;
mod verify;
mod versioning;

pub use account::{AccountInfo, AccountView, ListBuckets, UpdateAccount};
pub use bucket::{BucketInfo, BucketView, CreateBucket, CreatedBucket, DeleteBucket, Face, UpdateBucket};
pub use caller::{Caller, Identity};
pub use copy_object::{CopyMetadata, CopyObject, CopyOutcome};
pub use delete_object::DeleteObject;
pub use digests::Digests;
pub use directory::IndexDirectory;
pub use error::Error;
pub use gateway::{Gateway, Limits, MAX_PUT, Operation, Permit, Target};
pub use get_object::{GetObject, ObjectInfo, OpenObject, PartSpan};
pub use large::{
    DeleteManifest, DeletedManifest, GetOwnBytes, LargeObject, MAX_DEPTH, MAX_KEYED_SEGMENTS, MAX_SEGMENTS,
    ManifestView, PutDynamic, PutManifest, ReadManifest, SegmentRequest, SegmentView,
};
pub use list_objects::ListObjects;
pub use list_versions::ListVersions;
pub use metrics::Metrics;
pub use multipart::{
    AbortUpload, CompleteUpload, CopyPart, CreateUpload, CreatedUpload, ListParts, ListUploads, ListedPart,
    MAX_PART_NUMBER, MIN_PART, NamedPart, ObjectParts, PartListing, PartOutcome, UploadPart,
};
pub use put_object::{ChecksumRequest, ExpectedChecksum, PutObject, PutOutcome, WriteEncryption};
pub use reader::ObjectReader;
pub use restore_version::RestoreVersion;
pub use scrub::{ScrubMetrics, Scrubber};
pub use source::CopySource;
pub use update_object::{UpdateObject, UpdatedObject};

// What the fronts need of the layers below, so that they import `ops` alone.
pub use crate::authz::{Action, Role};
pub use crate::encryption::{CustomerKey, KeyFormatError};
pub use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, Deleted, ObjectPage, ObjectRow,
    Precondition, UploadChecksum, UploadPage, UploadRecord, UploadRow, Usage, VersionPage, VersionRow,
    Versioning,
};
