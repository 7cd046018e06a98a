//! The domain: one file per operation, the only place where things happen.
//!
//! [`Gateway::execute`] is the one entry. It authorises, opens a span, runs, counts and audits; an operation's `run`
//! takes a [`Permit`] that only `execute` can make, so no front can forget authorisation.

mod account;
mod bucket;
pub(crate) mod bytes;
pub(crate) mod engine;
mod identity;
mod large;
mod multipart;
mod object;

pub use account::info::{AccountInfo, AccountView};
pub use account::list_buckets::ListBuckets;
pub use account::update::UpdateAccount;
pub use bucket::create::{CreateBucket, CreatedBucket};
pub use bucket::delete::DeleteBucket;
pub use bucket::info::{BucketInfo, BucketView};
pub use bucket::setting::{GetSetting, PutSetting, Setting};
pub use bucket::update::UpdateBucket;
pub use bytes::digests::Digests;
pub use bytes::reader::ObjectReader;
pub use bytes::source::CopySource;
pub use engine::caller::{Caller, Identity};
pub use engine::error::Error;
pub use engine::face::Face;
pub use engine::gateway::{Gateway, Limits, MAX_PUT, Operation, Permit, Target};
pub use engine::metrics::Metrics;
pub use identity::directory::IndexDirectory;
pub use large::{
    DeleteManifest, DeletedManifest, GetOwnBytes, LargeObject, MAX_DEPTH, MAX_KEYED_SEGMENTS, MAX_SEGMENTS,
    ManifestView, PutDynamic, PutManifest, ReadManifest, SegmentRequest, SegmentView,
};
pub use multipart::{
    AbortUpload, CompleteUpload, CopyPart, CreateUpload, CreatedUpload, ListParts, ListUploads, ListedPart,
    MAX_PART_NUMBER, MIN_PART, NamedPart, ObjectParts, PartListing, PartOutcome, UploadPart,
};
pub use object::copy::{CopyMetadata, CopyObject, CopyOutcome};
pub use object::delete::DeleteObject;
pub use object::get::{GetObject, ObjectInfo, OpenObject, PartSpan};
pub use object::list::ListObjects;
pub use object::list_versions::ListVersions;
pub use object::put::{ChecksumRequest, ExpectedChecksum, PutObject, PutOutcome, WriteEncryption};
pub use object::restore::RestoreVersion;
pub use object::update::{UpdateObject, UpdatedObject};

// What the fronts need of the layers below, so that they import `ops` alone.
pub use crate::authz::{Action, Role};
pub use crate::encryption::{CustomerKey, KeyFormatError};
pub use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, Deleted, ObjectPage, ObjectRow,
    Precondition, UploadChecksum, UploadPage, UploadRecord, UploadRow, Usage, VersionPage, VersionRow,
    Versioning,
};
