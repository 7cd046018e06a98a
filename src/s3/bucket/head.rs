//! `HeadBucket`.

use poem::Response;
use poem::http::StatusCode;

use crate::ops::Action;
use crate::s3::error::Error;
use crate::s3::request::{Request, empty, set};

/// Answers whether a bucket exists and may be listed, with its region.
pub(in crate::s3) async fn head(request: Request<'_>) -> Result<Response, Error> {
    request.bucket_info(Action::ListBucket).await?;
    let mut response = empty(StatusCode::OK);
    set(response.headers_mut(), "x-amz-bucket-region", &request.config.region);
    set(response.headers_mut(), "x-amz-access-point-alias", "false");
    Ok(response)
}
