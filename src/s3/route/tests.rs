//! The S3 API reference's own requests, one line each.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::s3::address::resolve;

/// Method, path and query, a header where one decides, and the operation.
#[rustfmt::skip]
const REFERENCE: &[(&str, &str, &str, &str)] = &[
    ("DELETE", "/example-bucket/photos/2006/puppy.jpg?uploadId=VXBsb2FkIElE", "", "AbortMultipartUpload"),
    ("POST", "/example-bucket/photos/2006/puppy.jpg?uploadId=VXBsb2FkIElE", "", "CompleteMultipartUpload"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg", "x-amz-copy-source", "CopyObject"),
    ("PUT", "/example-bucket", "", "CreateBucket"),
    ("POST", "/example-bucket?metadataConfiguration", "", "CreateBucketMetadataConfiguration"),
    ("POST", "/example-bucket?metadataTable", "", "CreateBucketMetadataTableConfiguration"),
    ("POST", "/example-bucket/photos/2006/puppy.jpg?uploads", "", "CreateMultipartUpload"),
    ("GET", "/example-bucket?session", "", "CreateSession"),
    ("DELETE", "/example-bucket", "", "DeleteBucket"),
    ("DELETE", "/example-bucket?analytics&id=report1", "", "DeleteBucketAnalyticsConfiguration"),
    ("DELETE", "/example-bucket?cors", "", "DeleteBucketCors"),
    ("DELETE", "/example-bucket?encryption", "", "DeleteBucketEncryption"),
    ("DELETE", "/example-bucket?intelligent-tiering&id=report1", "", "DeleteBucketIntelligentTieringConfiguration"),
    ("DELETE", "/example-bucket?inventory&id=report1", "", "DeleteBucketInventoryConfiguration"),
    ("DELETE", "/example-bucket?lifecycle", "", "DeleteBucketLifecycle"),
    ("DELETE", "/example-bucket?metadataConfiguration", "", "DeleteBucketMetadataConfiguration"),
    ("DELETE", "/example-bucket?metadataTable", "", "DeleteBucketMetadataTableConfiguration"),
    ("DELETE", "/example-bucket?metrics&id=report1", "", "DeleteBucketMetricsConfiguration"),
    ("DELETE", "/example-bucket?ownershipControls", "", "DeleteBucketOwnershipControls"),
    ("DELETE", "/example-bucket?policy", "", "DeleteBucketPolicy"),
    ("DELETE", "/example-bucket?replication", "", "DeleteBucketReplication"),
    ("DELETE", "/example-bucket?tagging", "", "DeleteBucketTagging"),
    ("DELETE", "/example-bucket?website", "", "DeleteBucketWebsite"),
    ("DELETE", "/example-bucket/photos/2006/puppy.jpg", "", "DeleteObject"),
    ("DELETE", "/example-bucket/photos/2006/puppy.jpg?tagging", "", "DeleteObjectTagging"),
    ("POST", "/example-bucket?delete", "", "DeleteObjects"),
    ("DELETE", "/example-bucket?publicAccessBlock", "", "DeletePublicAccessBlock"),
    ("GET", "/example-bucket?abac", "", "GetBucketAbac"),
    ("GET", "/example-bucket?accelerate", "", "GetBucketAccelerateConfiguration"),
    ("GET", "/example-bucket?acl", "", "GetBucketAcl"),
    ("GET", "/example-bucket?analytics&id=report1", "", "GetBucketAnalyticsConfiguration"),
    ("GET", "/example-bucket?cors", "", "GetBucketCors"),
    ("GET", "/example-bucket?encryption", "", "GetBucketEncryption"),
    ("GET", "/example-bucket?intelligent-tiering&id=report1", "", "GetBucketIntelligentTieringConfiguration"),
    ("GET", "/example-bucket?inventory&id=report1", "", "GetBucketInventoryConfiguration"),
    ("GET", "/example-bucket?lifecycle", "", "GetBucketLifecycleConfiguration"),
    ("GET", "/example-bucket?location", "", "GetBucketLocation"),
    ("GET", "/example-bucket?logging", "", "GetBucketLogging"),
    ("GET", "/example-bucket?metadataConfiguration", "", "GetBucketMetadataConfiguration"),
    ("GET", "/example-bucket?metadataTable", "", "GetBucketMetadataTableConfiguration"),
    ("GET", "/example-bucket?metrics&id=report1", "", "GetBucketMetricsConfiguration"),
    ("GET", "/example-bucket?notification", "", "GetBucketNotificationConfiguration"),
    ("GET", "/example-bucket?ownershipControls", "", "GetBucketOwnershipControls"),
    ("GET", "/example-bucket?policy", "", "GetBucketPolicy"),
    ("GET", "/example-bucket?policyStatus", "", "GetBucketPolicyStatus"),
    ("GET", "/example-bucket?replication", "", "GetBucketReplication"),
    ("GET", "/example-bucket?requestPayment", "", "GetBucketRequestPayment"),
    ("GET", "/example-bucket?tagging", "", "GetBucketTagging"),
    ("GET", "/example-bucket?versioning", "", "GetBucketVersioning"),
    ("GET", "/example-bucket?website", "", "GetBucketWebsite"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg", "", "GetObject"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?acl", "", "GetObjectAcl"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?attributes", "", "GetObjectAttributes"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?legal-hold", "", "GetObjectLegalHold"),
    ("GET", "/example-bucket?object-lock", "", "GetObjectLockConfiguration"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?retention", "", "GetObjectRetention"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?tagging", "", "GetObjectTagging"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?torrent", "", "GetObjectTorrent"),
    ("GET", "/example-bucket?publicAccessBlock", "", "GetPublicAccessBlock"),
    ("HEAD", "/example-bucket", "", "HeadBucket"),
    ("HEAD", "/example-bucket/photos/2006/puppy.jpg", "", "HeadObject"),
    ("GET", "/example-bucket?analytics", "", "ListBucketAnalyticsConfigurations"),
    ("GET", "/example-bucket?intelligent-tiering", "", "ListBucketIntelligentTieringConfigurations"),
    ("GET", "/example-bucket?inventory", "", "ListBucketInventoryConfigurations"),
    ("GET", "/example-bucket?metrics", "", "ListBucketMetricsConfigurations"),
    ("GET", "/", "", "ListBuckets"),
    ("GET", "/example-bucket?uploads", "", "ListMultipartUploads"),
    ("GET", "/example-bucket?versions", "", "ListObjectVersions"),
    ("GET", "/example-bucket", "", "ListObjects"),
    ("GET", "/example-bucket?list-type=2", "", "ListObjectsV2"),
    ("GET", "/example-bucket/photos/2006/puppy.jpg?uploadId=VXBsb2FkIElE", "", "ListParts"),
    ("PUT", "/example-bucket?abac", "", "PutBucketAbac"),
    ("PUT", "/example-bucket?accelerate", "", "PutBucketAccelerateConfiguration"),
    ("PUT", "/example-bucket?acl", "", "PutBucketAcl"),
    ("PUT", "/example-bucket?analytics&id=report1", "", "PutBucketAnalyticsConfiguration"),
    ("PUT", "/example-bucket?cors", "", "PutBucketCors"),
    ("PUT", "/example-bucket?encryption", "", "PutBucketEncryption"),
    ("PUT", "/example-bucket?intelligent-tiering&id=report1", "", "PutBucketIntelligentTieringConfiguration"),
    ("PUT", "/example-bucket?inventory&id=report1", "", "PutBucketInventoryConfiguration"),
    ("PUT", "/example-bucket?lifecycle", "", "PutBucketLifecycleConfiguration"),
    ("PUT", "/example-bucket?logging", "", "PutBucketLogging"),
    ("PUT", "/example-bucket?metrics&id=report1", "", "PutBucketMetricsConfiguration"),
    ("PUT", "/example-bucket?notification", "", "PutBucketNotificationConfiguration"),
    ("PUT", "/example-bucket?ownershipControls", "", "PutBucketOwnershipControls"),
    ("PUT", "/example-bucket?policy", "", "PutBucketPolicy"),
    ("PUT", "/example-bucket?replication", "", "PutBucketReplication"),
    ("PUT", "/example-bucket?requestPayment", "", "PutBucketRequestPayment"),
    ("PUT", "/example-bucket?tagging", "", "PutBucketTagging"),
    ("PUT", "/example-bucket?versioning", "", "PutBucketVersioning"),
    ("PUT", "/example-bucket?website", "", "PutBucketWebsite"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg", "", "PutObject"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?acl", "", "PutObjectAcl"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?legal-hold", "", "PutObjectLegalHold"),
    ("PUT", "/example-bucket?object-lock", "", "PutObjectLockConfiguration"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?retention", "", "PutObjectRetention"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?tagging", "", "PutObjectTagging"),
    ("PUT", "/example-bucket?publicAccessBlock", "", "PutPublicAccessBlock"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?renameObject", "", "RenameObject"),
    ("POST", "/example-bucket/photos/2006/puppy.jpg?restore", "", "RestoreObject"),
    ("POST", "/example-bucket/photos/2006/puppy.jpg?select&select-type=2", "", "SelectObjectContent"),
    ("PUT", "/example-bucket?metadataInventoryTable", "", "UpdateBucketMetadataInventoryTableConfiguration"),
    ("PUT", "/example-bucket?metadataJournalTable", "", "UpdateBucketMetadataJournalTableConfiguration"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?encryption", "", "UpdateObjectEncryption"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?partNumber=1&uploadId=VXBsb2FkIElE", "", "UploadPart"),
    ("PUT", "/example-bucket/photos/2006/puppy.jpg?partNumber=1&uploadId=VXBsb2FkIElE", "x-amz-copy-source", "UploadPartCopy"),
    ("POST", "/WriteGetObjectResponse", "x-amz-request-route", "WriteGetObjectResponse"),
    ("GET", "/?x-id=ListDirectoryBuckets&max-directory-buckets=10", "", "ListDirectoryBuckets"),
    ("GET", "/?max-buckets=3&prefix=a", "", "ListBuckets"),
    ("GET", "/example-bucket?list-type=2&prefix=E&start-after=ExampleGuide.pdf", "", "ListObjectsV2"),
    ("GET", "/example-bucket/?prefix=N&marker=Ned&max-keys=40", "", "ListObjects"),
    ("GET", "/example-bucket/my-image.jpg?versionId=3%2FL4kqtJlcpXroDTDmpUMLUo", "", "GetObject"),
    ("HEAD", "/example-bucket/my-image.jpg?partNumber=1", "", "HeadObject"),
    ("DELETE", "/example-bucket/my-third-image.jpg?versionId=UIORUnfndfiufdisojhr398493jfdkjFJjkndnqUifhnw89493jJFJ", "", "DeleteObject"),
    ("GET", "/example-bucket?lifecycle=", "", "GetBucketLifecycleConfiguration"),
    ("GET", "/example-bucket?inventory&id=report1&x-id=GetBucketInventoryConfiguration", "", "GetBucketInventoryConfiguration"),
    ("POST", "/example-bucket/", "", "PostObject"),
    ("OPTIONS", "/example-bucket/exampleobject", "", "OptionsObject"),
];

fn route(method: &str, uri: &str, header: &str) -> Result<&'static str, Fault> {
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    let mut headers = HeaderMap::new();
    if !header.is_empty() {
        headers
            .insert(HeaderName::from_bytes(header.as_bytes()).unwrap(), HeaderValue::from_static("/src/key"));
    }
    let resource = resolve("localhost", path, &[]).unwrap();
    let row = recognise(&method.parse().unwrap(), &resource, &Query::parse(query).unwrap(), &headers)?;
    Ok(row.operation.name())
}

#[test]
fn the_reference_is_recognised() {
    for (method, uri, header, operation) in REFERENCE {
        let found = route(method, uri, header).unwrap_or_else(|fault| panic!("{method} {uri}: {fault:?}"));
        assert_eq!(found, *operation, "{method} {uri}");
    }
}

#[test]
fn every_operation_has_a_line() {
    for name in S3Operation::ALL.iter().map(|operation| operation.name()) {
        assert!(REFERENCE.iter().any(|(.., operation)| *operation == name), "{name}");
    }
}

#[test]
fn what_no_operation_is_says_so() {
    for (method, uri) in [
        ("POST", "/"),
        ("PUT", "/"),
        ("PATCH", "/example-bucket"),
        ("POST", "/example-bucket/key"),
        ("DELETE", "/example-bucket?acl"),
        ("HEAD", "/example-bucket?location"),
        ("PUT", "/example-bucket?policyStatus"),
        ("GET", "/example-bucket/key?uploads"),
    ] {
        assert!(matches!(route(method, uri, ""), Err(Fault::MethodNotAllowed { .. })), "{method} {uri}");
    }
    for uri in ["/example-bucket?acl&policy", "/example-bucket/key?tagging&acl"] {
        assert!(matches!(route("GET", uri, ""), Err(Fault::ConflictingQuery { .. })), "{uri}");
    }
}

/// The rows are found by their operation's number.
#[test]
fn every_row_is_its_operations() {
    for (operation, row) in S3Operation::ALL.iter().zip(ROWS) {
        assert_eq!(row.operation, *operation);
        assert_eq!(operation.row().operation, *operation);
    }
    assert_eq!(ROWS.len(), S3Operation::ALL.len());
}

/// A write whose condition is ignored would change what its sender wanted to keep.
#[test]
fn no_write_ignores_a_condition() {
    for row in ROWS {
        let Some(rules) = row.served else { continue };
        let writes = ["PUT", "POST", "DELETE"].contains(&row.method);
        assert!(!writes || rules.conditions != Conditions::CachingIgnored, "{}", row.operation.name());
    }
}
