//! Settings that cannot be set yet: each answers as S3 does for a bucket that never had it.

use poem::Response;

use crate::ops::{Action, BucketRecord};
use crate::s3::address::spelling;
use crate::s3::error::{Error, Fault, Refusal};
use crate::s3::owner::Owner;
use crate::s3::request::{Authorised, Request, document};
use crate::s3::xml::begin;

/// Analytics, inventory, metrics and tiering, each by its id.
pub(in crate::s3) const BY_ID: Refusal =
    Refusal::absent("NoSuchConfiguration", "The specified configuration does not exist.");
pub(in crate::s3) const CORS: Refusal =
    Refusal::absent("NoSuchCORSConfiguration", "The CORS configuration does not exist");
pub(in crate::s3) const LIFECYCLE: Refusal =
    Refusal::absent("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
pub(in crate::s3) const OBJECT_LOCK: Refusal = Refusal::absent(
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket",
);
pub(in crate::s3) const OWNERSHIP_CONTROLS: Refusal =
    Refusal::absent("OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
pub(in crate::s3) const POLICY: Refusal =
    Refusal::absent("NoSuchBucketPolicy", "The bucket policy does not exist");
pub(in crate::s3) const PUBLIC_ACCESS_BLOCK: Refusal = Refusal::absent(
    "NoSuchPublicAccessBlockConfiguration",
    "The public access block configuration was not found",
);
pub(in crate::s3) const REPLICATION: Refusal =
    Refusal::absent("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
pub(in crate::s3) const TAGS: Refusal = Refusal::absent("NoSuchTagSet", "The TagSet does not exist");
pub(in crate::s3) const WEBSITE: Refusal = Refusal::absent(
    "NoSuchWebsiteConfiguration",
    "The specified bucket does not have a website configuration",
);

/// A setting that no bucket can have yet.
pub(in crate::s3) async fn not_configured(request: Request<'_>, refusal: Refusal) -> Result<Response, Error> {
    bucket(&request).await?;
    Err(Fault::Setting(refusal.with("BucketName", spelling(&request.bucket()?))).into())
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
