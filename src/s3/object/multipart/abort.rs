//! `AbortMultipartUpload`.

use poem::Response;
use poem::http::StatusCode;

use super::upload_id;
use crate::ops::AbortUpload;
use crate::s3::error::Error;
use crate::s3::request::{Request, empty};

/// Drops an upload and its parts.
pub(in crate::s3) async fn abort(request: Request<'_>) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let upload = upload_id(&request.query)?;
    request.execute(AbortUpload { bucket, key, upload }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
