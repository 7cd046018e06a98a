//! How an object is large.

use super::prefix::Prefix;

use crate::storage::index::VersionRecord;

/// How an object is large.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LargeObject {
    /// It came by an S3 multipart upload.
    Parts,
    /// Its manifest lists segment objects.
    Static,
    /// Its segments are whatever a prefix holds: the value of `X-Object-Manifest`.
    Dynamic(String),
}

impl LargeObject {
    /// What a version is.
    pub(crate) fn of(record: &VersionRecord) -> Option<Self> {
        if record.manifest.is_some() {
            return Some(Self::Static);
        }
        let dynamic = record.metadata.system.object_manifest.clone().filter(|_| Prefix::of(record).is_some());
        dynamic.map(Self::Dynamic).or_else(|| record.part_count.map(|_| Self::Parts))
    }
}
