//! The domain: one file per operation. Both faces act only through these operations.
//!
//! `Gateway::execute` is the only entry. It authorises, opens a span, runs, counts and audits. An operation's
//! `run` takes a [`Permit`] that only `execute` can make, so no front can forget authorisation.
//!
//! This file re-exports items for the fronts. Inside `ops` and `care`, files import each other by their own
//! paths.

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
pub use bytes::digest::{ChecksumRequest, ExpectedChecksum};
pub use bytes::digests::Digests;
pub use bytes::opening::Keyless;
pub use bytes::reader::ObjectReader;
pub use bytes::write::WriteEncryption;
pub use engine::caller::{Caller, Identity};
pub use engine::error::Error;
pub use engine::face::Face;
pub use engine::gateway::{Gateway, Operation, Permit};
pub use engine::limits::{Limits, MAX_PART_NUMBER, MAX_PUT, MIN_PART};
pub use engine::metrics::Metrics;
pub use engine::target::Target;
pub use identity::directory::IndexDirectory;
pub use large::delete_manifest::{DeleteManifest, DeletedManifest};
pub use large::get_own_bytes::GetOwnBytes;
pub use large::kind::LargeObject;
pub use large::limits::{MAX_DEPTH, MAX_KEYED_SEGMENTS, MAX_SEGMENTS};
pub use large::put_dynamic::PutDynamic;
pub use large::put_manifest::PutManifest;
pub use large::read_manifest::{ManifestView, ReadManifest, SegmentView};
pub use large::request::SegmentRequest;
pub use multipart::abort::AbortUpload;
pub use multipart::complete::{CompleteUpload, NamedPart};
pub use multipart::copy_part::CopyPart;
pub use multipart::create::{CreateUpload, CreatedUpload};
pub use multipart::list_parts::{ListParts, ListedPart, PartListing};
pub use multipart::list_uploads::ListUploads;
pub use multipart::object_parts::ObjectParts;
pub use multipart::part::{PartOutcome, UploadPart};
pub use multipart::span::PartSpan;
pub use object::copy::{CopyMetadata, CopyObject, CopyOutcome};
pub use object::delete::DeleteObject;
pub use object::get::{GetObject, ObjectInfo, OpenObject};
pub use object::list::ListObjects;
pub use object::list_versions::ListVersions;
pub use object::put::{PutObject, PutOutcome};
pub use object::restore::RestoreVersion;
pub use object::source::CopySource;
pub use object::update::{UpdateObject, UpdatedObject};

// Items of the layers below that the fronts need, so that they import `ops` alone.
pub use crate::authz::{Action, Role};
pub use crate::encryption::{CustomerKey, KeyFormatError};
pub use crate::storage::index::{
    BucketAddress, BucketChange, BucketPage, BucketRecord, BucketRow, Deleted, KeyQuery, ObjectPage,
    ObjectRow, Precondition, UploadChecksum, UploadPage, UploadRecord, UploadRow, Usage, VersionPage,
    VersionRow, Versioning,
};
