//! The type of a large object.

use super::prefix::Prefix;

use crate::storage::index::VersionRecord;

/// The type of a large object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LargeObject {
    /// The object was created by an S3 multipart upload.
    Parts,
    /// A static large object: its manifest lists segment objects.
    Static,
    /// A dynamic large object: its segments are all objects under a prefix. This is the value of
    /// `X-Object-Manifest`.
    Dynamic(String),
}

impl LargeObject {
    /// The type of a version; `None` for a plain object.
    pub(crate) fn of(record: &VersionRecord) -> Option<Self> {
        if record.manifest.is_some() {
            return Some(Self::Static);
        }
        let dynamic = record.metadata.system.object_manifest.clone().filter(|_| Prefix::of(record).is_some());
        dynamic.map(Self::Dynamic).or_else(|| record.part_count.map(|_| Self::Parts))
    }
}
