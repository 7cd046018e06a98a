//! `DeleteBucket`.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::{Action, DeleteBucket};
use crate::s3::error::Error;
use crate::s3::request::{Request, empty};

/// Deletes an empty bucket.
pub(in crate::s3) async fn delete(request: Request<'_>) -> Result<Response, Error> {
    request.check_expected_owner(Action::DeleteBucket).await?;
    request.execute(DeleteBucket { bucket: request.bucket()? }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
