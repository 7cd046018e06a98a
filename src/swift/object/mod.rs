//! Operations on an object.

mod byteranges;
mod content_type;
mod copy;
mod delete;
mod describe;
mod expiry;
mod get;
mod head;
mod large;
mod post;
mod precondition;
mod put;
mod ranges;
mod remove;
mod restore;
mod stored;
mod version;

pub(crate) use content_type::DEFAULT as DEFAULT_CONTENT_TYPE;
pub(crate) use copy::{copy, copy_from, is_copy};
pub(crate) use delete::delete;
pub(crate) use get::get;
pub(crate) use head::head;
#[cfg(any(test, fuzzing))]
pub(crate) use large::parse_manifest;
pub(crate) use post::post;
pub(crate) use put::put;
pub(crate) use version::locate;

use poem::http::header::ETAG;

use self::describe::shown_etag;
use super::call::Call;
use super::encryption_headers;
use super::error::Failure;
use crate::http::conditions::ReadConditions;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{Error, Face, GetObject, GetOwnBytes, Keyless, OpenObject};

/// Reads every header that has its own syntax, for a fuzzer.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_headers(headers: &poem::http::HeaderMap) {
    let _ = large::requested_dynamic(headers);
    let _ = expiry::delete_at(headers, 0);
    let _ = ranges::plan(headers, 1000, Some("etag"), 0);
    let _ = copy::sources(headers);
}

/// Opens an object for GET or HEAD.
async fn open(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    head: bool,
) -> Result<OpenObject, Failure> {
    let conditions = ReadConditions::from_headers(&call.headers);
    match look(call, bucket, key, conditions, head).await? {
        Ok(opened) => Ok(opened),
        Err(Error::PreconditionFailed) => Err(precondition_failed(call, bucket, key).await),
        Err(error) => Err(version::failure(call, bucket, version::asked(call)?, error).await),
    }
}

async fn look(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    conditions: ReadConditions,
    head: bool,
) -> Result<Result<OpenObject, Error>, Failure> {
    let get = GetObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: version::asked(call)?,
        customer_key: encryption_headers::for_read(&call.secrets)?,
        keyless: if head { Keyless::Describe } else { Keyless::Refuse },
        conditions,
        face: Face::Swift,
        head,
        part: None,
    };
    // If the manifest is asked for and the object has no static one, the answer is the object's own bytes.
    Ok(if large::is_asked(call) { call.execute(GetOwnBytes { get }).await } else { call.execute(get).await })
}

/// 412 with the object's ETag, which the condition did not match. A client that resumes a download needs it.
async fn precondition_failed(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Failure {
    let failure = Failure::from(Error::PreconditionFailed);
    match look(call, bucket, key, ReadConditions::default(), true).await {
        Ok(Ok(found)) => match shown_etag(&found.info) {
            Some(etag) => failure.header(ETAG, &etag),
            None => failure,
        },
        _ => failure,
    }
}
