//! Settings that cannot be set yet: each answers as S3 does for a bucket that never had it. A setting that
//! can be set has a file of its own, which takes its line along as `AsDocument::ABSENT`.

use poem::Response;

use super::setting::Absent;
use crate::ops::Action;
use crate::s3::error::{Error, Refusal};
use crate::s3::owner::Owner;
use crate::s3::request::{Request, document};
use crate::s3::xml::{Document, begin};

/// Analytics, inventory, metrics and tiering, each by its id.
pub(in crate::s3) const BY_ID: Absent =
    refused("NoSuchConfiguration", "The specified configuration does not exist.");
pub(in crate::s3) const CORS: Absent =
    refused("NoSuchCORSConfiguration", "The CORS configuration does not exist");
pub(in crate::s3) const LIFECYCLE: Absent =
    refused("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
pub(in crate::s3) const OBJECT_LOCK: Absent = refused(
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket",
);
pub(in crate::s3) const OWNERSHIP_CONTROLS: Absent =
    refused("OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
pub(in crate::s3) const POLICY: Absent = refused("NoSuchBucketPolicy", "The bucket policy does not exist");
pub(in crate::s3) const PUBLIC_ACCESS_BLOCK: Absent =
    refused("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
pub(in crate::s3) const REPLICATION: Absent =
    refused("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
pub(in crate::s3) const WEBSITE: Absent =
    refused("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration");

/// Access is not by tags.
pub(in crate::s3) const ABAC: Absent = Absent::Default(|| with(begin("AbacStatus"), "Status", "Disabled"));
pub(in crate::s3) const ACCELERATE: Absent = Absent::Default(|| begin("AccelerateConfiguration"));
/// Everything is encrypted, SSE-S3 by default, and SSE-C is not blocked.
pub(in crate::s3) const ENCRYPTION: Absent = Absent::Default(encryption);
pub(in crate::s3) const LOGGING: Absent = Absent::Default(|| begin("BucketLoggingStatus"));
pub(in crate::s3) const NOTIFICATION: Absent = Absent::Default(|| begin("NotificationConfiguration"));
/// The owner pays.
pub(in crate::s3) const REQUEST_PAYMENT: Absent =
    Absent::Default(|| with(begin("RequestPaymentConfiguration"), "Payer", "BucketOwner"));

// Lists of configurations, of which there are none.

pub(in crate::s3) const NO_ANALYTICS: Absent =
    Absent::Default(|| empty_list("ListBucketAnalyticsConfigurationResult"));
pub(in crate::s3) const NO_INTELLIGENT_TIERING: Absent =
    Absent::Default(|| empty_list("ListBucketIntelligentTieringConfigurationsOutput"));
pub(in crate::s3) const NO_INVENTORY: Absent =
    Absent::Default(|| empty_list("ListInventoryConfigurationsResult"));
pub(in crate::s3) const NO_METRICS: Absent =
    Absent::Default(|| empty_list("ListMetricsConfigurationsResult"));

/// `GetBucketAcl`: the owner's full control.
pub(in crate::s3) async fn acl(request: Request<'_>) -> Result<Response, Error> {
    let record = request.bucket_info(Action::GetBucketSettings).await?;
    Ok(document(Owner::of(&request, &record.account).await.full_control()))
}

const fn refused(code: &'static str, message: &'static str) -> Absent {
    Absent::Refused(Refusal::absent(code, message))
}

fn empty_list(root: &'static str) -> Document {
    with(begin(root), "IsTruncated", "false")
}

fn with(mut document: Document, element: &'static str, value: &str) -> Document {
    document.leaf(element, value);
    document
}

fn encryption() -> Document {
    let mut xml = begin("ServerSideEncryptionConfiguration");
    xml.start("Rule");
    xml.start("ApplyServerSideEncryptionByDefault").leaf("SSEAlgorithm", "AES256").end();
    xml.leaf("BucketKeyEnabled", "false");
    xml.start("BlockedEncryptionTypes").leaf("EncryptionType", "NONE");
    xml
}
