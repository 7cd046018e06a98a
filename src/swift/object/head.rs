//! `HEAD /v1/<account>/<container>/<object>`: describes an object.
//!
//! An object that is encrypted with a customer's key is described without the key too, except for its
//! secrets: `swift upload` and `swift delete` first send HEAD without a key, and give up on any 4xx but 404.

use poem::Response;
use poem::http::StatusCode;

use super::describe::describe;
use super::{large, open};
use crate::model::{BucketName, ObjectKey};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Describes the object.
pub(crate) async fn head(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    if large::is_asked(call)
        && let Some(manifest) = large::get(call, bucket, key).await?
    {
        return Ok(manifest);
    }
    let info = open(call, bucket, key, true).await?.info;
    let mut response = Response::builder().status(StatusCode::OK).finish();
    describe(response.headers_mut(), &info);
    reply::set_length(response.headers_mut(), info.size);
    Ok(response)
}
