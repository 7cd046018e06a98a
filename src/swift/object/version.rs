//! `version-id`: which version of an object a request is about, and which one an answer is.

use poem::http::{HeaderMap, HeaderName, StatusCode};

use crate::model::{BucketName, VersionId};
use crate::ops::{Action, BucketInfo, Error, Versioning};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Says which version an answer is about.
pub const VERSION_ID: HeaderName = HeaderName::from_static("x-object-version-id");

/// Says which version is the current one after another was deleted.
pub const CURRENT_VERSION_ID: HeaderName = HeaderName::from_static("x-object-current-version-id");

/// The version that a request names, if it names one.
pub fn asked(call: &Call<'_>) -> Result<Option<VersionId>, Failure> {
    let id = call.parameter("version-id").filter(|id| !id.is_empty());
    id.map(str::parse).transpose().map_err(|()| Failure::bad_request("Invalid version parameter"))
}

/// Says which version it is, where the container keeps versions or once did.
pub fn show(headers: &mut HeaderMap, versioned: bool, id: VersionId) {
    if versioned {
        reply::set(headers, VERSION_ID, &id.to_string());
    }
}

/// A failure of an operation on a version. In a container that never kept versions, Swift says just that.
pub async fn failure(
    call: &Call<'_>,
    bucket: &BucketName,
    version: Option<VersionId>,
    error: Error,
) -> Failure {
    match (&error, version) {
        (Error::NoSuchVersion, Some(VersionId::At(_))) => {
            missing(call, bucket).await.unwrap_or_else(|| error.into())
        }
        _ => error.into(),
    }
}

/// Why a version with an id of its own cannot be there, where the container tells.
pub async fn missing(call: &Call<'_>, bucket: &BucketName) -> Option<Failure> {
    let info = BucketInfo { bucket: call.bucket(bucket), action: Action::ListBucket };
    let view = call.execute(info).await.ok()?;
    (view.record.versioning == Versioning::Off).then(|| {
        Failure::with(
            StatusCode::BAD_REQUEST,
            "version-aware operations require that the container is versioned",
        )
    })
}
