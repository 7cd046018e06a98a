//! `DeleteBucket`.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::DeleteBucket;
use crate::s3::error::Error;
use crate::s3::request::{Request, empty};

/// Deletes an empty bucket.
pub(in crate::s3) async fn delete(request: Request<'_>) -> Result<Response, Error> {
    request.execute(DeleteBucket { bucket: request.bucket()? }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
