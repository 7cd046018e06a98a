//! `PUT …?multipart-manifest=put`: creates a static large object from existing segments.

use std::time::Duration;

use futures_util::future::BoxFuture;
use poem::http::header::{ETAG, LAST_MODIFIED};
use poem::http::{HeaderName, StatusCode};
use poem::{Body, Response};

use super::report::{Report, Written};
use super::{heartbeat, manifest};
use crate::http::body::{LimitedError, read_limited};
use crate::http::date;
use crate::model::{BucketName, EncryptionMode, ObjectKey, ObjectMetadata};
use crate::ops::{Action, Caller, Error, Gateway, Operation, PutManifest, PutOutcome, WriteEncryption};
use crate::swift::accept::{self, Format};
use crate::swift::admission;
use crate::swift::body::{declared_length, readable};
use crate::swift::boolean::is_true;
use crate::swift::call::Call;
use crate::swift::encryption_headers::{self, AES256, ALGORITHM_ANSWER};
use crate::swift::error::Failure;
use crate::swift::limits::{HEARTBEAT_SECONDS, MAX_MANIFEST_SIZE};
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::object::precondition::precondition;
use crate::swift::object::{content_type, stored, version};
use crate::swift::reply;

/// Writes the manifest in the body.
pub(crate) async fn put(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    body: Body,
) -> Result<Response, Failure> {
    // The body is read only for callers who may write here.
    admission::to_container(call, PutManifest::NAME, Action::PutObject, &call.bucket(bucket)).await?;
    let encryption = match encryption_headers::for_write(&call.secrets)? {
        Some(key) => WriteEncryption::Customer(key),
        None => WriteEncryption::Managed,
    };
    let length = declared_length(&call.headers, u64::MAX)?;
    let mut system = stored::from_request(&call.headers)?;
    system.content_type = Some(content_type::of_write(&call.headers, key)?);
    let user = metadata::collect(&call.headers, MetadataOf::Object)?;
    let precondition = precondition(&call.headers)?;
    let text =
        read_limited(readable(body, length), MAX_MANIFEST_SIZE).await.map_err(|problem| match problem {
            LimitedError::TooLarge => Failure::with(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("Manifest File > {MAX_MANIFEST_SIZE} bytes"),
            ),
            LimitedError::Body(problem) => Error::Body(problem).into(),
        })?;
    let put = PutManifest {
        bucket: call.bucket(bucket),
        key: key.clone(),
        segments: manifest::parse(&text, bucket, key)?,
        encryption,
        metadata: ObjectMetadata { user, system },
        expected_etag: call.text(&ETAG),
        precondition,
    };
    // As in Swift, a client that asks for an unknown format gets plain text.
    let format = accept::negotiate(&call.headers).unwrap_or(Format::Plain);
    let (gateway, caller) = (call.gateway.clone(), call.caller.clone());
    let writing = write(gateway, caller, put, format);
    if call.parameter("heartbeat").is_some_and(is_true) {
        return Ok(heartbeat::answer(writing, format, Duration::from_secs(HEARTBEAT_SECONDS)));
    }
    Ok(writing.await.response)
}

fn write(gateway: Gateway, caller: Caller, put: PutManifest, format: Format) -> BoxFuture<'static, Written> {
    Box::pin(async move {
        let (response, problems) = match gateway.execute(&caller, put).await {
            Ok(outcome) => (created(&outcome), None),
            Err(Error::InvalidSegments { problems }) => {
                let text = Report::of_segments(&problems).render(format);
                let answer = reply::with_body(StatusCode::BAD_REQUEST, format.content_type(), text);
                (answer, Some(problems))
            }
            Err(error) => (Failure::from(error).into_response(), None),
        };
        Written { response, problems }
    })
}

fn created(outcome: &PutOutcome) -> Response {
    let mut response = reply::empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    if let Some(md5) = outcome.md5 {
        reply::set(headers, ETAG, &format!("\"{}\"", hex::encode(md5)));
    }
    reply::set(headers, LAST_MODIFIED, &date::format_http(outcome.modified.seconds_ceil()));
    version::show_new(headers, outcome.version_id);
    if outcome.mode == EncryptionMode::Customer {
        reply::set(headers, HeaderName::from_static(ALGORITHM_ANSWER), AES256);
    }
    response
}
