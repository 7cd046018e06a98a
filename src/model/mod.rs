//! The values that every layer uses: names, identifiers, timestamps, metadata. A leaf: it imports nothing of
//! ours.

mod checksum;
mod id;
mod metadata;
mod mode;
mod name;
pub mod settings;
mod timestamp;
mod version;

pub use checksum::{ChecksumAlgorithm, ChecksumKind, StoredChecksum};
pub use id::{AccountId, BlobId, BucketId, InstallId, UserId, VersionUid, WriterId};
pub use metadata::{ObjectMetadata, SystemMetadata, UserMetadata};
pub use mode::EncryptionMode;
pub use name::{BucketName, NameError, ObjectKey};
pub use timestamp::Timestamp;
pub use version::VersionId;
