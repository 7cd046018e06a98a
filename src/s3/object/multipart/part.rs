//! `UploadPart`.

use poem::Response;
use poem::http::StatusCode;

use super::{part_number, upload_id, upload_key};
use crate::http::body::Body;
use crate::ops::{Action, UploadPart};
use crate::s3::body::check_length;
use crate::s3::checksum;
use crate::s3::error::Error;
use crate::s3::request::{Request, empty, set};

/// The largest part: S3's limit.
const MAX_PART: u64 = 5 << 30;

/// Stores a part.
pub(in crate::s3) async fn upload_part(request: Request<'_>, body: Body) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let number = part_number(&request.query)?;
    let (customer_key, shown) = upload_key(&request.headers, &request.secrets)?;
    if let Err(fault) = check_length(body.length, MAX_PART) {
        return Err(request.refuse_body::<UploadPart>(Action::PutObject, fault.into()).await);
    }
    let expected_md5 = checksum::content_md5(&request.headers)?;
    let checksums = checksum::of_write(&request.headers, request.trailer.as_ref())?;

    let upload = upload_id(&request.query)?;
    let operation = UploadPart { bucket, key, upload, number, body, customer_key, expected_md5, checksums };
    let outcome = request.execute(operation).await?;

    let mut response = empty(StatusCode::OK);
    let headers = response.headers_mut();
    set(headers, "etag", &format!("\"{}\"", outcome.etag));
    shown.write(headers);
    checksum::write_of_part(&outcome.checksums, headers);
    Ok(response)
}
