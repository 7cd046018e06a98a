//! Which operation a sub-resource is, by method. The names are those of the S3 API reference.

use super::operation::NotYet as N;
use super::operation::S3Operation::{self, NotYet, Served};
use super::operation::Served as S;

/// A sub-resource in the query, and the operation that each method is on it.
pub(super) struct SubResource {
    /// Its name.
    pub(super) name: &'static str,
    /// GET.
    pub(super) get: Option<S3Operation>,
    /// GET with an `id` beside it, where that is another operation.
    pub(super) get_by_id: Option<S3Operation>,
    /// PUT.
    pub(super) put: Option<S3Operation>,
    /// POST.
    pub(super) post: Option<S3Operation>,
    /// DELETE.
    pub(super) delete: Option<S3Operation>,
}

const NONE: SubResource =
    SubResource { name: "", get: None, get_by_id: None, put: None, post: None, delete: None };

const fn get(name: &'static str, operation: S3Operation) -> SubResource {
    SubResource { name, get: Some(operation), ..NONE }
}

const fn put(name: &'static str, operation: S3Operation) -> SubResource {
    SubResource { name, put: Some(operation), ..NONE }
}

const fn post(name: &'static str, operation: S3Operation) -> SubResource {
    SubResource { name, post: Some(operation), ..NONE }
}

const fn get_put(name: &'static str, get: S, put: N) -> SubResource {
    SubResource { name, get: Some(Served(get)), put: Some(NotYet(put)), ..NONE }
}

const fn get_put_delete(name: &'static str, get: S, put: N, delete: N) -> SubResource {
    SubResource { name, get: Some(Served(get)), put: Some(NotYet(put)), delete: Some(NotYet(delete)), ..NONE }
}

const fn by_id(name: &'static str, list: S, get: S, put: N, delete: N) -> SubResource {
    SubResource { get_by_id: Some(Served(get)), ..get_put_delete(name, list, put, delete) }
}

const fn metadata_table(name: &'static str, get: N, post: N, delete: N) -> SubResource {
    SubResource {
        name,
        get: Some(NotYet(get)),
        post: Some(NotYet(post)),
        delete: Some(NotYet(delete)),
        ..NONE
    }
}

/// Sub-resources of a bucket.
pub(super) const BUCKET: &[SubResource] = &[
    get_put("abac", S::GetBucketAbac, N::PutBucketAbac),
    get_put("accelerate", S::GetBucketAccelerateConfiguration, N::PutBucketAccelerateConfiguration),
    get_put("acl", S::GetBucketAcl, N::PutBucketAcl),
    by_id(
        "analytics",
        S::ListBucketAnalyticsConfigurations,
        S::GetBucketAnalyticsConfiguration,
        N::PutBucketAnalyticsConfiguration,
        N::DeleteBucketAnalyticsConfiguration,
    ),
    get_put_delete("cors", S::GetBucketCors, N::PutBucketCors, N::DeleteBucketCors),
    post("delete", Served(S::DeleteObjects)),
    get_put_delete("encryption", S::GetBucketEncryption, N::PutBucketEncryption, N::DeleteBucketEncryption),
    by_id(
        "intelligent-tiering",
        S::ListBucketIntelligentTieringConfigurations,
        S::GetBucketIntelligentTieringConfiguration,
        N::PutBucketIntelligentTieringConfiguration,
        N::DeleteBucketIntelligentTieringConfiguration,
    ),
    by_id(
        "inventory",
        S::ListBucketInventoryConfigurations,
        S::GetBucketInventoryConfiguration,
        N::PutBucketInventoryConfiguration,
        N::DeleteBucketInventoryConfiguration,
    ),
    get_put_delete(
        "lifecycle",
        S::GetBucketLifecycleConfiguration,
        N::PutBucketLifecycleConfiguration,
        N::DeleteBucketLifecycle,
    ),
    get("location", Served(S::GetBucketLocation)),
    get_put("logging", S::GetBucketLogging, N::PutBucketLogging),
    metadata_table(
        "metadataConfiguration",
        N::GetBucketMetadataConfiguration,
        N::CreateBucketMetadataConfiguration,
        N::DeleteBucketMetadataConfiguration,
    ),
    put("metadataInventoryTable", NotYet(N::UpdateBucketMetadataInventoryTableConfiguration)),
    put("metadataJournalTable", NotYet(N::UpdateBucketMetadataJournalTableConfiguration)),
    metadata_table(
        "metadataTable",
        N::GetBucketMetadataTableConfiguration,
        N::CreateBucketMetadataTableConfiguration,
        N::DeleteBucketMetadataTableConfiguration,
    ),
    by_id(
        "metrics",
        S::ListBucketMetricsConfigurations,
        S::GetBucketMetricsConfiguration,
        N::PutBucketMetricsConfiguration,
        N::DeleteBucketMetricsConfiguration,
    ),
    get_put("notification", S::GetBucketNotificationConfiguration, N::PutBucketNotificationConfiguration),
    get_put("object-lock", S::GetObjectLockConfiguration, N::PutObjectLockConfiguration),
    get_put_delete(
        "ownershipControls",
        S::GetBucketOwnershipControls,
        N::PutBucketOwnershipControls,
        N::DeleteBucketOwnershipControls,
    ),
    get_put_delete("policy", S::GetBucketPolicy, N::PutBucketPolicy, N::DeleteBucketPolicy),
    get("policyStatus", Served(S::GetBucketPolicyStatus)),
    get_put_delete(
        "publicAccessBlock",
        S::GetPublicAccessBlock,
        N::PutPublicAccessBlock,
        N::DeletePublicAccessBlock,
    ),
    get_put_delete(
        "replication",
        S::GetBucketReplication,
        N::PutBucketReplication,
        N::DeleteBucketReplication,
    ),
    get_put("requestPayment", S::GetBucketRequestPayment, N::PutBucketRequestPayment),
    get("session", NotYet(N::CreateSession)),
    get_put_delete("tagging", S::GetBucketTagging, N::PutBucketTagging, N::DeleteBucketTagging),
    get("uploads", Served(S::ListMultipartUploads)),
    SubResource {
        name: "versioning",
        get: Some(Served(S::GetBucketVersioning)),
        put: Some(Served(S::PutBucketVersioning)),
        ..NONE
    },
    get("versions", Served(S::ListObjectVersions)),
    get_put_delete("website", S::GetBucketWebsite, N::PutBucketWebsite, N::DeleteBucketWebsite),
];

/// Sub-resources of an object.
pub(super) const OBJECT: &[SubResource] = &[
    get_put("acl", S::GetObjectAcl, N::PutObjectAcl),
    get("attributes", Served(S::GetObjectAttributes)),
    put("encryption", NotYet(N::UpdateObjectEncryption)),
    get_put("legal-hold", S::GetObjectLegalHold, N::PutObjectLegalHold),
    put("renameObject", NotYet(N::RenameObject)),
    post("restore", NotYet(N::RestoreObject)),
    get_put("retention", S::GetObjectRetention, N::PutObjectRetention),
    post("select", NotYet(N::SelectObjectContent)),
    get_put_delete("tagging", S::GetObjectTagging, N::PutObjectTagging, N::DeleteObjectTagging),
    get("torrent", NotYet(N::GetObjectTorrent)),
    SubResource {
        name: "uploadId",
        get: Some(Served(S::ListParts)),
        put: Some(Served(S::UploadPart)),
        post: Some(Served(S::CompleteMultipartUpload)),
        delete: Some(Served(S::AbortMultipartUpload)),
        ..NONE
    },
    post("uploads", Served(S::CreateMultipartUpload)),
];
