//! The settings that clients probe. What is not configured here, and cannot be yet, is answered as S3 answers for a
//! bucket that does not have it.

use poem::Response;

use crate::ops::{Action, BucketRecord};
use crate::s3::error::{Error, Fault, NotConfigured};
use crate::s3::owner::Owner;
use crate::s3::request::{Authorised, Request, document};
use crate::s3::xml::begin;

/// A setting that the bucket does not have.
pub(in crate::s3) async fn not_configured(
    request: Request<'_>,
    what: NotConfigured,
) -> Result<Response, Error> {
    bucket(&request).await?;
    Err(Fault::NotConfigured(what).into())
}

/// A list of configurations, of which there are none.
pub(in crate::s3) async fn empty_list(request: Request<'_>, root: &'static str) -> Result<Response, Error> {
    bucket(&request).await?;
    let mut xml = begin(root);
    xml.leaf("IsTruncated", "false");
    Ok(document(xml))
}

/// `GetBucketAcl`: the owner's full control.
pub(in crate::s3) async fn acl(request: Request<'_>) -> Result<Response, Error> {
    let record = bucket(&request).await?;
    Ok(document(Owner::of(&request, &record.account).await.full_control()))
}

/// `GetBucketEncryption`: everything is encrypted, SSE-S3 by default, and SSE-C is not blocked.
pub(in crate::s3) async fn encryption(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    let mut xml = begin("ServerSideEncryptionConfiguration");
    xml.start("Rule");
    xml.start("ApplyServerSideEncryptionByDefault").leaf("SSEAlgorithm", "AES256").end();
    xml.leaf("BucketKeyEnabled", "false");
    xml.start("BlockedEncryptionTypes").leaf("EncryptionType", "NONE");
    Ok(document(xml))
}

/// `GetBucketLogging`: none.
pub(in crate::s3) async fn logging(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    Ok(document(begin("BucketLoggingStatus")))
}

/// `GetBucketNotificationConfiguration`: none.
pub(in crate::s3) async fn notification(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    Ok(document(begin("NotificationConfiguration")))
}

/// `GetBucketAccelerateConfiguration`: never set.
pub(in crate::s3) async fn accelerate(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    Ok(document(begin("AccelerateConfiguration")))
}

/// `GetBucketRequestPayment`: the owner pays.
pub(in crate::s3) async fn request_payment(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    let mut xml = begin("RequestPaymentConfiguration");
    xml.leaf("Payer", "BucketOwner");
    Ok(document(xml))
}

/// `GetBucketAbac`: access is not by tags.
pub(in crate::s3) async fn abac(request: Request<'_>) -> Result<Response, Error> {
    bucket(&request).await?;
    let mut xml = begin("AbacStatus");
    xml.leaf("Status", "Disabled");
    Ok(document(xml))
}

async fn bucket(request: &Request<'_>) -> Result<Authorised<BucketRecord>, Error> {
    request.authorised_bucket(Action::GetBucketSettings).await
}
