//! Decides whether an answer names versions.

use crate::model::VersionId;
use crate::storage::index::{BucketRecord, Versioning};

/// Whether an answer about this version contains its id. If a bucket keeps versions, or once did, the id
/// `null` is shown too. The bucket may come from the cache, and another replica may have enabled versioning
/// since: then the id is not `null`.
pub(crate) fn is_versioned(bucket: &BucketRecord, id: VersionId) -> bool {
    bucket.versioning != Versioning::Off || id != VersionId::Null
}
