//! The CORS preflight: no bucket has CORS rules yet, and S3 says so in these words.

use poem::Response;

use crate::s3::error::{Error, Fault};
use crate::s3::headers::text;
use crate::s3::request::Request;

/// Refuses a preflight request. It needs no credentials, and so the answer must not show whether the bucket
/// exists.
pub(in crate::s3) async fn preflight(request: Request<'_>) -> Result<Response, Error> {
    if text(&request.headers, "origin")?.is_none() {
        let message = "Insufficient information. Origin request header needed.".to_owned();
        return Err(Fault::BadRequest { message }.into());
    }
    Err(Fault::CorsNotEnabled.into())
}
