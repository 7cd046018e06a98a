//! `DELETE /v1/<account>/<container>/<object>`: deletes an object, or a version of it.

use poem::Response;
use poem::http::StatusCode;

use super::remove::remove;
use super::{large, version};
use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::Deleted;
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::headers::CURRENT_VERSION_ID;
use crate::swift::reply;

/// Deletes the object. This needs no key, but a key that is given must be well-formed.
pub(crate) async fn delete(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<Response, Failure> {
    encryption_headers::for_read(&call.secrets)?;
    let version = version::asked(call)?;
    if call.parameter(large::PARAMETER) == Some("delete") {
        return large::delete(call, bucket, key, version).await;
    }
    match version {
        None => delete_current(call, bucket, key).await,
        Some(version) => delete_version(call, bucket, key, version).await,
    }
}

/// Deletes the current object. A container that keeps versions gets a delete marker, even if there is no
/// object.
async fn delete_current(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    let Deleted { removed, marker, .. } = remove(call, bucket, key, None).await?;
    let status = if removed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND };
    let mut response = if removed.is_some() { reply::empty(status) } else { reply::stub(status) };
    if let Some(marker) = marker {
        version::show_new(response.headers_mut(), marker);
    }
    Ok(response)
}

/// Deletes one version, or one delete marker, for good. The newest of the others becomes the current object.
async fn delete_version(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    asked: VersionId,
) -> Result<Response, Failure> {
    let Deleted { removed, current, .. } = remove(call, bucket, key, Some(asked)).await?;
    let status = if removed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND };
    let mut response = match removed {
        Some(_) => reply::empty(status),
        None => match (asked, version::missing(call, bucket).await) {
            (VersionId::At(_), Some(failure)) => return Err(failure),
            _ => reply::stub(status),
        },
    };
    let headers = response.headers_mut();
    version::show(headers, true, asked);
    reply::set(headers, CURRENT_VERSION_ID, &current.unwrap_or(VersionId::Null).to_string());
    Ok(response)
}
