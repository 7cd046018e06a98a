//! `CreateMultipartUpload`.

use poem::Response;

use super::checksum_choice::chosen;
use crate::ops::{Action, CreateUpload};
use crate::s3::address::spelling;
use crate::s3::body::EmptyBody;
use crate::s3::checksum_names::kind_name;
use crate::s3::error::Error;
use crate::s3::request::{Request, document, set};
use crate::s3::xml::begin;
use crate::s3::{metadata, sse_c};

/// Begins an upload.
pub(in crate::s3) async fn create(request: Request<'_>, body: EmptyBody) -> Result<Response, Error> {
    let (bucket, key) = request.object()?;
    let sse = sse_c::for_write(&request.headers, &request.secrets)?;
    let metadata = metadata::collect(&request.headers)?;
    let checksum = chosen(&request.headers)?;
    body.check::<CreateUpload>(
        &request,
        Action::PutObject,
        "A request that begins a multipart upload has no body",
    )
    .await?;

    let name = spelling(&bucket);
    let operation = CreateUpload { bucket, key: key.clone(), encryption: sse.encryption, metadata, checksum };
    let upload = request.execute(operation).await?;

    let mut xml = begin("InitiateMultipartUploadResult");
    xml.leaf("Bucket", &name).leaf("Key", key.as_str()).leaf("UploadId", &upload.upload.to_string());
    let mut response = document(xml);
    let headers = response.headers_mut();
    sse.shown.write(headers);
    if let Some(checksum) = upload.checksum.filter(|checksum| checksum.chosen) {
        set(headers, "x-amz-checksum-algorithm", checksum.algorithm.name());
        set(headers, "x-amz-checksum-type", kind_name(checksum.kind));
    }
    Ok(response)
}
