//! Whether an answer names versions.

use crate::model::VersionId;
use crate::storage::index::{BucketRecord, Versioning};

/// Whether an answer about this version says its id. A bucket that keeps versions, or once did, says `null` too. The bucket
/// may be from the cache: another replica may have enabled versioning since, which the id itself tells.
pub(crate) fn is_versioned(bucket: &BucketRecord, id: VersionId) -> bool {
    bucket.versioning != Versioning::Off || id != VersionId::Null
}
