//! `DELETE /v1/<account>/<container>/<object>`: deletes an object.

use poem::Response;
use poem::http::StatusCode;

use super::manifest_delete;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{DeleteObject, Deleted, Error, Precondition};
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Deletes the object. Needs no key; one that is given must at least be well-formed.
pub async fn delete(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    encryption_headers::for_read(&call.secrets)?;
    if call.parameter("multipart-manifest") == Some("delete") {
        return manifest_delete::delete(call, bucket, key).await;
    }
    if remove(call, bucket, key).await? {
        Ok(reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err(Failure::new(StatusCode::NOT_FOUND))
    }
}

/// Deletes the object and tells whether there was one.
pub async fn remove(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<bool, Error> {
    let delete = DeleteObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: None,
        precondition: Precondition::None,
    };
    let Deleted { removed, marker, was_marker: _, current: _ } = call.execute(delete).await?;
    Ok(removed.is_some() || marker.is_some())
}
