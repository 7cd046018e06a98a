//! `GetBucketLocation`.

use poem::Response;

use super::create::US_EAST_1;
use crate::ops::Action;
use crate::s3::error::Error;
use crate::s3::request::{Request, document};
use crate::s3::xml::begin;

/// The bucket's region; `us-east-1` is the empty text, as on AWS.
pub(in crate::s3) async fn location(request: Request<'_>) -> Result<Response, Error> {
    request.bucket_info(Action::GetBucketLocation).await?;
    let mut xml = begin("LocationConstraint");
    if request.config.region != US_EAST_1 {
        xml.text(&request.config.region);
    }
    Ok(document(xml))
}
