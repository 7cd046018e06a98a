//! Operations on an object.

mod byteranges;
mod content_type;
mod copy;
mod delete;
mod describe;
mod expiry;
mod get;
mod head;
mod manifest;
mod post;
mod put;
mod ranges;
mod restore;
mod stored;
mod version;

pub use content_type::DEFAULT as DEFAULT_CONTENT_TYPE;
pub use copy::{copy, copy_from, is_copy};
pub use delete::delete;
pub use get::get;
pub use head::head;
pub use manifest::MAX_MANIFEST_SIZE;
pub use post::post;
pub use put::{put, readable};
pub use version::{VERSION_ID, locate};

use poem::http::header::ETAG;

use self::describe::shown_etag;
use super::call::Call;
use super::encryption_headers;
use super::error::Failure;
use crate::http::conditions::ReadConditions;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{Error, Face, GetObject, OpenObject};

/// Opens an object for GET or HEAD.
async fn open(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    head: bool,
) -> Result<OpenObject, Failure> {
    let opened = call.execute(request(call, bucket, key, head)?).await;
    self::opened(call, bucket, key, opened).await
}

/// What came of opening an object, in this face's words.
async fn opened(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    outcome: Result<OpenObject, Error>,
) -> Result<OpenObject, Failure> {
    match outcome {
        Ok(opened) => Ok(opened),
        Err(Error::PreconditionFailed) => Err(precondition_failed(call, bucket, key).await),
        Err(error) => Err(version::failure(call, bucket, version::asked(call)?, error).await),
    }
}

/// The read that a request asks for.
fn request(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey, head: bool) -> Result<GetObject, Failure> {
    Ok(GetObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: version::asked(call)?,
        customer_key: encryption_headers::for_read(&call.secrets)?,
        conditions: ReadConditions::from_headers(&call.headers),
        face: Face::Swift,
        head,
        part: None,
    })
}

/// 412 with the ETag that the condition was compared with: a client that resumes a download wants to know it.
async fn precondition_failed(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Failure {
    let failure = Failure::from(Error::PreconditionFailed);
    let Ok(look) = request(call, bucket, key, true) else { return failure };
    match call.execute(GetObject { conditions: ReadConditions::default(), ..look }).await {
        Ok(found) => match shown_etag(&found.info) {
            Some(etag) => failure.header(ETAG, &etag),
            None => failure,
        },
        _ => failure,
    }
}
