//! `version-id`: the version that a request asks for, and the version of an answer.

use poem::Response;
use poem::http::header::CONTENT_LOCATION;
use poem::http::{HeaderMap, StatusCode};

use crate::http::percent;
use crate::model::{BucketName, ObjectKey, VersionId};
use crate::ops::{Action, BucketInfo, Error, Versioning};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::headers::VERSION_ID;
use crate::swift::reply;

/// The version that a request names, if it names one.
pub(crate) fn asked(call: &Call<'_>) -> Result<Option<VersionId>, Failure> {
    let id = call.parameter("version-id").filter(|id| !id.is_empty());
    id.map(str::parse).transpose().map_err(|()| Failure::bad_request("Invalid version parameter"))
}

/// Names the version of an answer, if the container keeps versions or once did.
pub(crate) fn show(headers: &mut HeaderMap, versioned: bool, id: VersionId) {
    if versioned {
        reply::set(headers, VERSION_ID, &id.to_string());
    }
}

/// Names the version that a write created. As in Swift, a version without an id of its own is not named.
pub(crate) fn show_new(headers: &mut HeaderMap, id: VersionId) {
    show(headers, id != VersionId::Null, id);
}

/// Says under which URL this version stays available.
pub(crate) fn locate(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    mut response: Response,
) -> Response {
    let id = response.header(VERSION_ID).filter(|id| *id != "null").map(str::to_owned);
    if let Some(id) = id.filter(|_| response.status().is_success() && call.parameter("version-id").is_none())
    {
        let path = format!("/v1/{}/{bucket}/{key}", call.account_name);
        let location = format!("{}?version-id={id}", percent::encode_path(path.as_bytes()));
        reply::set(response.headers_mut(), CONTENT_LOCATION, &location);
    }
    response
}

/// The failure of an operation on a version. If the container never kept versions, Swift says exactly that.
pub(crate) async fn failure(
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

/// Why a version with an id of its own cannot exist, if the container is the reason.
pub(crate) async fn missing(call: &Call<'_>, bucket: &BucketName) -> Option<Failure> {
    let info = BucketInfo { bucket: call.bucket(bucket), action: Action::ListBucket };
    let view = call.execute(info).await.ok()?;
    (view.record.versioning == Versioning::Off).then(|| {
        Failure::with(
            StatusCode::BAD_REQUEST,
            "version-aware operations require that the container is versioned",
        )
    })
}
