//! `PUT …?version-id=`: makes an old version the current object again.

use futures_util::TryStreamExt;
use poem::http::header::{CONTENT_LENGTH, ETAG, LAST_MODIFIED, TRANSFER_ENCODING};
use poem::http::{HeaderName, StatusCode};
use poem::{Body, Response};

use super::describe::shown_etag;
use super::version;
use crate::http::date;
use crate::model::{BucketName, EncryptionMode, ObjectKey, VersionId};
use crate::ops::{Action, Error, Operation, RestoreVersion};
use crate::swift::admission;
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::Failure;
use crate::swift::reply;

/// Restores the version. Its content is the version's own, so the request must have no body. It needs no key,
/// but a key that is given must be right.
pub(crate) async fn restore(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    version: VersionId,
    body: Body,
) -> Result<Response, Failure> {
    check_empty(call, bucket, body).await?;
    let restore = RestoreVersion {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version,
        customer_key: encryption_headers::for_read(&call.secrets)?,
    };
    let info = match call.execute(restore).await {
        Ok(info) => info,
        // In Swift `null` can never be restored. Here it can, if such a version exists.
        Err(Error::NoSuchVersion) if version == VersionId::Null => {
            return Err(Failure::bad_request("Invalid version parameter"));
        }
        Err(error @ (Error::NoSuchVersion | Error::NoSuchObject { .. } | Error::VersionIsMarker { .. })) => {
            let sentence = "The specified version does not exist";
            return Err(match version::failure(call, bucket, Some(version), error).await {
                failure if failure.status() == StatusCode::NOT_FOUND => {
                    Failure::with(StatusCode::NOT_FOUND, sentence)
                }
                failure => failure,
            });
        }
        Err(error) => return Err(error.into()),
    };

    let mut response = reply::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    if let Some(etag) = shown_etag(&info) {
        reply::set(headers, ETAG, &etag);
    }
    reply::set(headers, LAST_MODIFIED, &date::format_http(info.modified.seconds_ceil()));
    version::show_new(headers, info.version_id);
    if info.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
    Ok(response)
}

/// Refuses a body. A chunked body is read only for callers who may write, and only up to its first byte.
async fn check_empty(call: &Call<'_>, bucket: &BucketName, body: Body) -> Result<(), Failure> {
    let refused = || Failure::bad_request("PUT version-id requests require a zero byte body");
    if call.headers.contains_key(TRANSFER_ENCODING) {
        admission::to_container(call, RestoreVersion::NAME, Action::PutObject, &call.bucket(bucket)).await?;
        let mut stream = body.into_bytes_stream();
        while let Some(piece) =
            stream.try_next().await.map_err(|_| Failure::bad_request("The body is malformed."))?
        {
            if !piece.is_empty() {
                return Err(refused());
            }
        }
        return Ok(());
    }
    match call.headers.get(CONTENT_LENGTH) {
        None => Err(Failure::with(StatusCode::LENGTH_REQUIRED, "Missing Content-Length header.")),
        Some(length) if length == "0" => Ok(()),
        Some(_) => Err(refused()),
    }
}
