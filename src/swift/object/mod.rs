//! Operations on an object.

mod byteranges;
mod content_type;
mod delete;
mod describe;
mod expiry;
mod get;
mod head;
mod manifest_delete;
mod post;
mod put;
mod ranges;
mod stored;

pub use content_type::DEFAULT as DEFAULT_CONTENT_TYPE;
pub use delete::delete;
pub use get::get;
pub use head::head;
pub use post::post;
pub use put::put;

use super::call::Call;
use super::encryption_headers;
use super::error::Failure;
use crate::http::conditions::ReadConditions;
use crate::model::{BucketName, ObjectKey};
use crate::ops::{Face, GetObject, OpenObject};

/// Opens an object for GET or HEAD.
async fn open(
    call: &Call<'_>,
    bucket: &BucketName,
    key: &ObjectKey,
    head: bool,
) -> Result<OpenObject, Failure> {
    let get = GetObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        version: None,
        customer_key: encryption_headers::for_read(&call.secrets)?,
        conditions: ReadConditions::from_headers(&call.headers),
        face: Face::Swift,
        head,
    };
    Ok(call.execute(get).await?)
}
