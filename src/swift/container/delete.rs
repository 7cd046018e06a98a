//! `DELETE /v1/<account>/<container>`: deletes an empty container.

use poem::Response;
use poem::http::StatusCode;

use crate::model::BucketName;
use crate::ops::DeleteBucket;
use crate::swift::call::Call;
use crate::swift::error::Failure;
use crate::swift::reply;

/// Deletes the container.
pub async fn delete(call: &Call<'_>, name: &BucketName) -> Result<Response, Failure> {
    call.execute(DeleteBucket { bucket: call.bucket(name) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
