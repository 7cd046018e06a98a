//! The table of operations: one row each. The enum, the routes, the refusals and the dispatch come from it,
//! and nothing else knows which operations there are. An operation is served once its row has a handler.

use poem::Response;

use super::operation::Mark::{Header, Parameter, Value};
use super::operation::{Conditions, On, Row, Rules, Takes, operations};
use crate::http::body::Body;
use crate::model::settings::Tags;
use crate::s3::body::{DocumentBody, DocumentRule, EmptyBody};
use crate::s3::bucket::{absent_settings, setting};
use crate::s3::error::{Error, Fault};
use crate::s3::request::Request;
use crate::s3::{bucket, copy_source, object};

operations! { request, body;
    // The service.

    ListBuckets: Service GET "",
        params ["max-buckets", "continuation-token", "prefix", "bucket-region"],
        takes Nothing, conditions CachingIgnored, answers [200] => bucket::list_buckets(request);
    ListDirectoryBuckets: Service GET ""
        [Parameter("max-directory-buckets"), Value("x-id", "ListDirectoryBuckets")];

    OptionsObject: Any OPTIONS "",
        params [], takes Nothing, conditions CachingIgnored, answers [403] => object::preflight(request);

    // Buckets.

    CreateBucket: Bucket PUT "",
        params [], takes OptionalDocument, conditions Refused, answers [200] => bucket::create(request, body);
    DeleteBucket: Bucket DELETE "",
        params [], takes Nothing, conditions Refused, answers [204] => bucket::delete(request);
    HeadBucket: Bucket HEAD "",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => bucket::head(request);
    ListObjects: Bucket GET "",
        params ["delimiter", "encoding-type", "marker", "max-keys", "prefix"],
        takes Nothing, conditions CachingIgnored, answers [200] => bucket::list_v1(request);
    ListObjectsV2: Bucket GET "" [Value("list-type", "2")],
        params ["delimiter", "encoding-type", "max-keys", "prefix", "continuation-token", "fetch-owner",
                "start-after"],
        takes Nothing, conditions CachingIgnored, answers [200] => bucket::list_v2(request);
    PostObject: Bucket POST "";
    WriteGetObjectResponse: Bucket POST "" [Header("x-amz-request-route")];

    // Sub-resources of a bucket.

    GetBucketAbac: Bucket GET "abac",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::ABAC);
    PutBucketAbac: Bucket PUT "abac";

    GetBucketAccelerateConfiguration: Bucket GET "accelerate",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::ACCELERATE);
    PutBucketAccelerateConfiguration: Bucket PUT "accelerate";

    GetBucketAcl: Bucket GET "acl",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => absent_settings::acl(request);
    PutBucketAcl: Bucket PUT "acl";

    ListBucketAnalyticsConfigurations: Bucket GET "analytics",
        params ["continuation-token"], takes Nothing, conditions CachingIgnored, answers [200]
        => setting::unset(request, absent_settings::NO_ANALYTICS);
    GetBucketAnalyticsConfiguration: Bucket GET "analytics" [Parameter("id")],
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::BY_ID);
    PutBucketAnalyticsConfiguration: Bucket PUT "analytics";
    DeleteBucketAnalyticsConfiguration: Bucket DELETE "analytics";

    GetBucketCors: Bucket GET "cors",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::CORS);
    PutBucketCors: Bucket PUT "cors";
    DeleteBucketCors: Bucket DELETE "cors";

    DeleteObjects: Bucket POST "delete",
        params [], takes DocumentWithDigest, conditions Refused, answers [200]
        => bucket::delete_objects(request, body);

    GetBucketEncryption: Bucket GET "encryption",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::ENCRYPTION);
    PutBucketEncryption: Bucket PUT "encryption";
    DeleteBucketEncryption: Bucket DELETE "encryption";

    ListBucketIntelligentTieringConfigurations: Bucket GET "intelligent-tiering",
        params ["continuation-token"], takes Nothing, conditions CachingIgnored, answers [200]
        => setting::unset(request, absent_settings::NO_INTELLIGENT_TIERING);
    GetBucketIntelligentTieringConfiguration: Bucket GET "intelligent-tiering" [Parameter("id")],
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::BY_ID);
    PutBucketIntelligentTieringConfiguration: Bucket PUT "intelligent-tiering";
    DeleteBucketIntelligentTieringConfiguration: Bucket DELETE "intelligent-tiering";

    ListBucketInventoryConfigurations: Bucket GET "inventory",
        params ["continuation-token"], takes Nothing, conditions CachingIgnored, answers [200]
        => setting::unset(request, absent_settings::NO_INVENTORY);
    GetBucketInventoryConfiguration: Bucket GET "inventory" [Parameter("id")],
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::BY_ID);
    PutBucketInventoryConfiguration: Bucket PUT "inventory";
    DeleteBucketInventoryConfiguration: Bucket DELETE "inventory";

    GetBucketLifecycleConfiguration: Bucket GET "lifecycle",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::LIFECYCLE);
    PutBucketLifecycleConfiguration: Bucket PUT "lifecycle";
    DeleteBucketLifecycle: Bucket DELETE "lifecycle";

    GetBucketLocation: Bucket GET "location",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => bucket::location(request);

    GetBucketLogging: Bucket GET "logging",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::LOGGING);
    PutBucketLogging: Bucket PUT "logging";

    GetBucketMetadataConfiguration: Bucket GET "metadataConfiguration";
    CreateBucketMetadataConfiguration: Bucket POST "metadataConfiguration";
    DeleteBucketMetadataConfiguration: Bucket DELETE "metadataConfiguration";
    UpdateBucketMetadataInventoryTableConfiguration: Bucket PUT "metadataInventoryTable";
    UpdateBucketMetadataJournalTableConfiguration: Bucket PUT "metadataJournalTable";
    GetBucketMetadataTableConfiguration: Bucket GET "metadataTable";
    CreateBucketMetadataTableConfiguration: Bucket POST "metadataTable";
    DeleteBucketMetadataTableConfiguration: Bucket DELETE "metadataTable";

    ListBucketMetricsConfigurations: Bucket GET "metrics",
        params ["continuation-token"], takes Nothing, conditions CachingIgnored, answers [200]
        => setting::unset(request, absent_settings::NO_METRICS);
    GetBucketMetricsConfiguration: Bucket GET "metrics" [Parameter("id")],
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::BY_ID);
    PutBucketMetricsConfiguration: Bucket PUT "metrics";
    DeleteBucketMetricsConfiguration: Bucket DELETE "metrics";

    GetBucketNotificationConfiguration: Bucket GET "notification",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::NOTIFICATION);
    PutBucketNotificationConfiguration: Bucket PUT "notification";

    GetObjectLockConfiguration: Bucket GET "object-lock",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::OBJECT_LOCK);
    PutObjectLockConfiguration: Bucket PUT "object-lock";

    GetBucketOwnershipControls: Bucket GET "ownershipControls",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::OWNERSHIP_CONTROLS);
    PutBucketOwnershipControls: Bucket PUT "ownershipControls";
    DeleteBucketOwnershipControls: Bucket DELETE "ownershipControls";

    GetBucketPolicy: Bucket GET "policy",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::POLICY);
    PutBucketPolicy: Bucket PUT "policy";
    DeleteBucketPolicy: Bucket DELETE "policy";
    GetBucketPolicyStatus: Bucket GET "policyStatus",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::POLICY);

    GetPublicAccessBlock: Bucket GET "publicAccessBlock",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::PUBLIC_ACCESS_BLOCK);
    PutPublicAccessBlock: Bucket PUT "publicAccessBlock";
    DeletePublicAccessBlock: Bucket DELETE "publicAccessBlock";

    GetBucketReplication: Bucket GET "replication",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::REPLICATION);
    PutBucketReplication: Bucket PUT "replication";
    DeleteBucketReplication: Bucket DELETE "replication";

    GetBucketRequestPayment: Bucket GET "requestPayment",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => setting::unset(request, absent_settings::REQUEST_PAYMENT);
    PutBucketRequestPayment: Bucket PUT "requestPayment";

    CreateSession: Bucket GET "session";

    GetBucketTagging: Bucket GET "tagging",
        params [], takes Nothing, conditions CachingIgnored, answers [200, 404] => setting::get::<Tags>(request);
    PutBucketTagging: Bucket PUT "tagging",
        params [], takes Document, conditions Refused, answers [204] => setting::put::<Tags>(request, body);
    DeleteBucketTagging: Bucket DELETE "tagging",
        params [], takes Nothing, conditions Refused, answers [204] => setting::delete::<Tags>(request);

    ListMultipartUploads: Bucket GET "uploads",
        params ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
        takes Nothing, conditions CachingIgnored, answers [200] => bucket::list_uploads(request);

    GetBucketVersioning: Bucket GET "versioning",
        params [], takes Nothing, conditions CachingIgnored, answers [200] => bucket::versioning(request);
    PutBucketVersioning: Bucket PUT "versioning",
        params [], takes Document, conditions Refused, answers [200] => bucket::put_versioning(request, body);

    ListObjectVersions: Bucket GET "versions",
        params ["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"],
        takes Nothing, conditions CachingIgnored, answers [200] => bucket::list_versions(request);

    GetBucketWebsite: Bucket GET "website",
        params [], takes Nothing, conditions CachingIgnored, answers [404]
        => setting::unset(request, absent_settings::WEBSITE);
    PutBucketWebsite: Bucket PUT "website";
    DeleteBucketWebsite: Bucket DELETE "website";

    // Objects.

    GetObject: Object GET "",
        params ["versionId", "partNumber", "response-cache-control", "response-content-disposition",
                "response-content-encoding", "response-content-language", "response-content-type",
                "response-expires"],
        takes Nothing, conditions Evaluated, answers [200, 206, 304] => object::get(request);
    HeadObject: Object HEAD "",
        params ["versionId", "partNumber", "response-cache-control", "response-content-disposition",
                "response-content-encoding", "response-content-language", "response-content-type",
                "response-expires"],
        takes Nothing, conditions Evaluated, answers [200, 206, 304] => object::head(request);
    PutObject: Object PUT "",
        params [], takes Object, conditions EtagsEvaluated, answers [200] => object::put(request, body);
    CopyObject: Object PUT "" [Header(copy_source::HEADER)],
        params [], takes EmptyBody, conditions EtagsEvaluated, answers [200] => object::copy(request, body);
    DeleteObject: Object DELETE "",
        params ["versionId"], takes Nothing, conditions IfMatchEvaluated, answers [204]
        => object::delete(request);

    // Sub-resources of an object.

    GetObjectAcl: Object GET "acl",
        params ["versionId"], takes Nothing, conditions CachingIgnored, answers [200] => object::acl(request);
    PutObjectAcl: Object PUT "acl";

    GetObjectAttributes: Object GET "attributes",
        params ["versionId"], takes Nothing, conditions Evaluated, answers [200, 304]
        => object::attributes(request);

    UpdateObjectEncryption: Object PUT "encryption";

    GetObjectLegalHold: Object GET "legal-hold",
        params ["versionId"], takes Nothing, conditions CachingIgnored, answers [400]
        => object::no_lock(request);
    PutObjectLegalHold: Object PUT "legal-hold";

    RenameObject: Object PUT "renameObject";

    RestoreObject: Object POST "restore";

    GetObjectRetention: Object GET "retention",
        params ["versionId"], takes Nothing, conditions CachingIgnored, answers [400]
        => object::no_lock(request);
    PutObjectRetention: Object PUT "retention";

    SelectObjectContent: Object POST "select";

    GetObjectTagging: Object GET "tagging",
        params ["versionId"], takes Nothing, conditions CachingIgnored, answers [200]
        => object::tagging(request);
    PutObjectTagging: Object PUT "tagging";
    DeleteObjectTagging: Object DELETE "tagging";

    GetObjectTorrent: Object GET "torrent";

    ListParts: Object GET "uploadId",
        params ["max-parts", "part-number-marker"], takes Nothing, conditions CachingIgnored, answers [200]
        => object::list_parts(request);
    UploadPart: Object PUT "uploadId",
        params ["partNumber"], takes Object, conditions Refused, answers [200]
        => object::upload_part(request, body);
    UploadPartCopy: Object PUT "uploadId" [Header(copy_source::HEADER)],
        params ["partNumber"], takes EmptyBody, conditions Refused, answers [200]
        => object::copy_part(request, body);
    CompleteMultipartUpload: Object POST "uploadId",
        params [], takes PartList, conditions EtagsEvaluated, answers [200] => object::complete(request, body);
    AbortMultipartUpload: Object DELETE "uploadId",
        params [], takes Nothing, conditions Refused, answers [204] => object::abort(request);
    CreateMultipartUpload: Object POST "uploads",
        params [], takes EmptyBody, conditions Refused, answers [200] => object::create(request, body);
}
