//! `POST /v1/<account>/<container>/<object>`: replaces an object's metadata.

use poem::Response;
use poem::http::StatusCode;

use super::{content_type, stored, version};
use crate::model::{BucketName, ObjectKey, ObjectMetadata};
use crate::ops::UpdateObject;
use crate::swift::call::Call;
use crate::swift::encryption_headers;
use crate::swift::error::Failure;
use crate::swift::metadata::{self, MetadataOf};
use crate::swift::reply;

/// Replaces all metadata and stored headers. Only `Content-Type` stays, if the request has none.
pub(crate) async fn post(call: &Call<'_>, bucket: &BucketName, key: &ObjectKey) -> Result<Response, Failure> {
    if version::asked(call)?.is_some() {
        return Err(Failure::bad_request("POST to a specific version is not allowed"));
    }
    let mut system = stored::from_request(&call.headers)?;
    system.content_type = content_type::given(&call.headers)?;
    let update = UpdateObject {
        bucket: call.bucket(bucket),
        key: key.clone(),
        metadata: ObjectMetadata { user: metadata::collect(&call.headers, MetadataOf::Object)?, system },
        customer_key: encryption_headers::for_read(&call.secrets)?,
    };
    let updated = call.execute(update).await?;
    let mut response = reply::stub(StatusCode::ACCEPTED);
    version::show(response.headers_mut(), updated.versioned, updated.version_id);
    Ok(response)
}
