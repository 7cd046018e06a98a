//! `GET /v1/<account>/<container>/<object>`: reads an object, whole or in ranges.

use poem::http::StatusCode;
use poem::http::header::{CONTENT_RANGE, CONTENT_TYPE};
use poem::{Body, Response};

use super::byteranges::{ByteRanges, content_range};
use super::content_type::DEFAULT;
use super::describe::{describe, shown_etag};
use super::ranges::{Plan, plan};
use super::{large, open};
use crate::http::body;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{ObjectInfo, OpenObject};
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Reads the object.
pub(crate) async fn get(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    if large::is_asked(call)
        && let Some(manifest) = large::get(call, bucket, key).await?
    {
        return Ok(manifest);
    }
    let OpenObject { info, reader, .. } = open(call, bucket, key, false).await?;
    let reader = reader.ok_or_else(|| Failure::defect(&"an object was opened without a reader"))?;
    let etag = shown_etag(&info);
    match plan(&call.headers, info.size, etag.as_deref(), info.modified.seconds_ceil()) {
        Plan::Whole => {
            let body = reader.open(0..info.size).await?;
            Ok(streamed(StatusCode::OK, &info, info.size, body))
        }
        Plan::One(range) => {
            let length = range.end - range.start;
            let body = reader.open(range.clone()).await?;
            let mut response = streamed(StatusCode::PARTIAL_CONTENT, &info, length, body);
            reply::set(response.headers_mut(), CONTENT_RANGE, &content_range(&range, info.size));
            Ok(response)
        }
        Plan::Several(ranges) => {
            let content_type = info.metadata.system.content_type.as_deref().unwrap_or(DEFAULT).to_owned();
            let parts = ByteRanges::new(boundary()?, content_type, info.size, ranges);
            let (media_type, length) = (parts.media_type(), parts.length());
            let stream = parts.stream(reader).await?;
            let body = body::Body::from_stream(Some(length), stream);
            let mut response = streamed(StatusCode::PARTIAL_CONTENT, &info, length, body);
            reply::set(response.headers_mut(), CONTENT_TYPE, &media_type);
            Ok(response)
        }
        Plan::Unsatisfiable => Ok(unsatisfiable(&info)),
    }
}

/// An answer whose body is still to be read. An error in the middle of it breaks the connection: the body is
/// then shorter than the declared length, so no client takes it for the whole.
fn streamed(status: StatusCode, info: &ObjectInfo, length: u64, body: body::Body) -> Response {
    let mut response = Response::builder().status(status).body(Body::from_bytes_stream(body.stream));
    describe(response.headers_mut(), info);
    reply::set_length(response.headers_mut(), length);
    response
}

fn unsatisfiable(info: &ObjectInfo) -> Response {
    let stub = reply::stub(StatusCode::RANGE_NOT_SATISFIABLE);
    let (parts, body) = stub.into_parts();
    let mut response = Response::builder().status(StatusCode::RANGE_NOT_SATISFIABLE).body(body);
    describe(response.headers_mut(), info);
    // The stub's own type and length win over the object's.
    for (name, value) in &parts.headers {
        response.headers_mut().insert(name, value.clone());
    }
    reply::set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", info.size));
    response
}

/// A random boundary. The chance that an object contains it is 2⁻¹²⁸.
fn boundary() -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| Failure::defect(&error))?;
    Ok(hex::encode(random))
}
