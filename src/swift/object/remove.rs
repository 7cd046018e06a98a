//! The deletion of an object, for a plain DELETE and for the DELETE of a large object with its segments.

use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::{DeleteObject, Deleted, Error, Precondition};
use crate::swift::call::Call;

/// Deletes the object, or a version of it.
pub(crate) async fn remove(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<Deleted, Error> {
    let (bucket, key) = (call.bucket(bucket), key.clone());
    call.execute(DeleteObject { bucket, key, version, precondition: Precondition::None }).await
}
