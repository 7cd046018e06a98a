//! `HEAD /v1/<account>/<container>/<object>`: describes an object.
//!
//! An object that is encrypted with a customer's key is described without it too, as far as no secret is told:
//! `swift upload` and `swift delete` ask first, without a key, and give up on any 4xx but 404.

use poem::Response;
use poem::http::StatusCode;

use super::describe::describe;
use super::{manifest, open};
use crate::model::{BucketName, ObjectKey};
use crate::ops::ObjectInfo;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Describes the object.
pub async fn head(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    if call.parameter("multipart-manifest") == Some("get") {
        return manifest::head(call, bucket, key).await;
    }
    Ok(answer(&open(call, bucket, key, true).await?.info))
}

/// The object's description.
pub fn answer(info: &ObjectInfo) -> Response {
    let mut response = Response::builder().status(StatusCode::OK).finish();
    describe(response.headers_mut(), info);
    reply::set_length(response.headers_mut(), info.size);
    response
}
