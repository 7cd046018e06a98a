//! Sub-resources of an object that clients probe. None of them needs the object's key.

use poem::Response;

use super::read;
use crate::ops::Action;
use crate::s3::error::{Error, Fault};
use crate::s3::owner::Owner;
use crate::s3::request::{Request, document};
use crate::s3::xml::begin;

/// `GetObjectAcl`: an object belongs to its bucket's owner.
pub(in crate::s3) async fn acl(request: Request<'_>) -> Result<Response, Error> {
    let info = read::exists(&request).await?;
    let record = request.bucket_info(Action::GetObject).await?;
    let mut response = document(Owner::of(&request, &record.account).await.full_control());
    read::show_version(&info, response.headers_mut());
    Ok(response)
}

/// `GetObjectTagging`: no object has tags.
pub(in crate::s3) async fn tagging(request: Request<'_>) -> Result<Response, Error> {
    let info = read::exists(&request).await?;
    let mut xml = begin("Tagging");
    xml.start("TagSet");
    let mut response = document(xml);
    read::show_version(&info, response.headers_mut());
    Ok(response)
}

/// `GetObjectRetention`, `GetObjectLegalHold`: no bucket has object lock.
pub(in crate::s3) async fn no_lock(request: Request<'_>) -> Result<Response, Error> {
    read::exists(&request).await?;
    Err(Fault::invalid_request("Bucket is missing Object Lock Configuration").into())
}
