//! Nothing that would change the meaning of a request is ignored: what an operation does not honour, it refuses.

use poem::http::HeaderMap;
use poem::http::header::HeaderName;

use super::copy_source;
use super::error::{Fault, OWNER_HEADER};
use super::headers::text;
use super::query::Query;
use super::route::Served;

/// `x-amz-*` headers that any operation may have: of the signature, of the transfer, or without meaning here.
const ANY: [&str; 8] = [
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-user-agent",
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-cf-id",
    // An offer to take an MD5 behind the body, which a server need not accept.
    "x-amz-te",
    // Requester pays is configured nowhere, so that this agrees to nothing.
    "x-amz-request-payer",
];
/// Parameters of a presigned request, and the name of the operation that SDKs add.
const ANY_PARAMETER: [&str; 9] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
    "x-id",
];
/// Overrides of a response's headers.
pub(super) const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

const NO_LOCK: &str = "Bucket is missing Object Lock Configuration";
const NO_BYPASS: &str =
    "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";

/// Refuses what the operation would not honour.
pub(super) fn check(operation: Served, query: &Query, headers: &HeaderMap) -> Result<(), Fault> {
    if headers.contains_key("x-amz-security-token") || query.has("X-Amz-Security-Token") {
        return Err(Fault::InvalidToken);
    }
    let (own, list) = parameters(operation);
    for (name, _) in query.iter() {
        let is_known = ANY_PARAMETER.contains(&name) || own == name || list.contains(&name);
        let is_override =
            reads_object(operation) && OVERRIDES.iter().any(|(parameter, _)| *parameter == name);
        // Parameters that begin with `x-` are for access logs, by S3's own rule; `x-amz-*` became headers.
        let is_custom = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        if !is_known && !is_override && !is_custom {
            return Err(Fault::QueryNotImplemented { parameter: name.to_owned() });
        }
    }
    for name in headers.keys().map(HeaderName::as_str) {
        if name.starts_with("x-amz-") && !ANY.contains(&name) {
            amz_header(operation, name, headers)?;
        }
    }
    conditions(operation, headers)
}

fn reads_object(operation: Served) -> bool {
    matches!(operation, Served::GetObject | Served::HeadObject)
}

/// The parameters that an operation honours: its sub-resource, and the others.
fn parameters(operation: Served) -> (&'static str, &'static [&'static str]) {
    use Served as S;
    match operation {
        S::ListBuckets => ("", &["max-buckets", "continuation-token", "prefix", "bucket-region"]),
        S::CopyObject
        | S::CreateBucket
        | S::DeleteBucket
        | S::HeadBucket
        | S::PutObject
        | S::OptionsObject => ("", &[]),
        S::DeleteObjects => ("delete", &[]),
        S::CreateMultipartUpload => ("uploads", &[]),
        S::UploadPart | S::UploadPartCopy => ("uploadId", &["partNumber"]),
        S::CompleteMultipartUpload | S::AbortMultipartUpload => ("uploadId", &[]),
        S::ListParts => ("uploadId", &["max-parts", "part-number-marker"]),
        S::ListMultipartUploads => (
            "uploads",
            &["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
        ),
        S::GetObjectAttributes => ("attributes", &["versionId"]),
        S::DeleteObject => ("", &["versionId"]),
        S::GetObject | S::HeadObject => ("", &["versionId", "partNumber"]),
        S::ListObjects => ("", &["delimiter", "encoding-type", "marker", "max-keys", "prefix"]),
        S::ListObjectsV2 => (
            "list-type",
            &[
                "delimiter",
                "encoding-type",
                "max-keys",
                "prefix",
                "continuation-token",
                "fetch-owner",
                "start-after",
            ],
        ),
        S::ListObjectVersions => (
            "versions",
            &["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"],
        ),
        S::GetBucketAbac => ("abac", &[]),
        S::GetBucketAccelerateConfiguration => ("accelerate", &[]),
        S::GetBucketAcl => ("acl", &[]),
        S::GetBucketAnalyticsConfiguration => ("analytics", &["id"]),
        S::GetBucketCors => ("cors", &[]),
        S::GetBucketEncryption => ("encryption", &[]),
        S::GetBucketIntelligentTieringConfiguration => ("intelligent-tiering", &["id"]),
        S::GetBucketInventoryConfiguration => ("inventory", &["id"]),
        S::GetBucketLifecycleConfiguration => ("lifecycle", &[]),
        S::GetBucketLocation => ("location", &[]),
        S::GetBucketLogging => ("logging", &[]),
        S::GetBucketMetricsConfiguration => ("metrics", &["id"]),
        S::GetBucketNotificationConfiguration => ("notification", &[]),
        S::GetBucketOwnershipControls => ("ownershipControls", &[]),
        S::GetBucketPolicy => ("policy", &[]),
        S::GetBucketPolicyStatus => ("policyStatus", &[]),
        S::GetBucketReplication => ("replication", &[]),
        S::GetBucketRequestPayment => ("requestPayment", &[]),
        S::GetBucketTagging => ("tagging", &[]),
        S::GetBucketVersioning | S::PutBucketVersioning => ("versioning", &[]),
        S::GetBucketWebsite => ("website", &[]),
        S::GetObjectAcl => ("acl", &["versionId"]),
        S::GetObjectLegalHold => ("legal-hold", &["versionId"]),
        S::GetObjectLockConfiguration => ("object-lock", &[]),
        S::GetObjectRetention => ("retention", &["versionId"]),
        S::GetObjectTagging => ("tagging", &["versionId"]),
        S::GetPublicAccessBlock => ("publicAccessBlock", &[]),
        S::ListBucketAnalyticsConfigurations => ("analytics", &["continuation-token"]),
        S::ListBucketIntelligentTieringConfigurations => ("intelligent-tiering", &["continuation-token"]),
        S::ListBucketInventoryConfigurations => ("inventory", &["continuation-token"]),
        S::ListBucketMetricsConfigurations => ("metrics", &["continuation-token"]),
    }
}

/// Lets a header pass that the operation honours, by name or by value.
fn amz_header(operation: Served, name: &str, headers: &HeaderMap) -> Result<(), Fault> {
    let value = || text(headers, name).map(Option::unwrap_or_default);
    if name == OWNER_HEADER && !matches!(operation, Served::CreateBucket | Served::ListBuckets) {
        return Ok(());
    }
    match operation {
        Served::CopyObject => match name {
            "x-amz-metadata-directive"
            | "x-amz-checksum-algorithm"
            | "x-amz-source-expected-bucket-owner" => Ok(()),
            // No object has tags.
            "x-amz-tagging-directive" if value()? == "COPY" => Ok(()),
            _ if copy_source::is_of_source(name) => Ok(()),
            // The body of a copy is empty: nothing to sum up.
            _ if name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm" => {
                Err(Fault::header(name))
            }
            _ => amz_header(Served::PutObject, name, headers),
        },
        Served::PutObject => match name {
            "x-amz-acl" => private(value()?),
            "x-amz-storage-class" => storage_class(value()?),
            "x-amz-sdk-checksum-algorithm" | "x-amz-website-redirect-location" => Ok(()),
            "x-amz-object-lock-mode"
            | "x-amz-object-lock-retain-until-date"
            | "x-amz-object-lock-legal-hold" => Err(Fault::invalid_request(NO_LOCK)),
            "x-amz-checksum-mode" | "x-amz-checksum-type" | "x-amz-checksum-algorithm" => {
                Err(Fault::header(name))
            }
            _ if METHODS.contains(&name) => Ok(()),
            // Which checksums are known, `checksum` says.
            _ if name.starts_with("x-amz-meta-") || name.starts_with("x-amz-checksum-") => Ok(()),
            _ => Err(Fault::header(name)),
        },
        Served::CreateMultipartUpload => match name {
            "x-amz-checksum-algorithm" | "x-amz-checksum-type" => Ok(()),
            _ if name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm" => {
                Err(Fault::header(name))
            }
            _ => amz_header(Served::PutObject, name, headers),
        },
        // The mode of a part is its upload's: naming it again, as some clients do, says nothing else.
        Served::UploadPart | Served::CompleteMultipartUpload if name == METHODS[0] => Ok(()),
        Served::UploadPart => match name {
            "x-amz-checksum-type" | "x-amz-checksum-mode" | "x-amz-checksum-algorithm" => {
                Err(Fault::header(name))
            }
            _ if name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm" => Ok(()),
            _ => Err(Fault::header(name)),
        },
        Served::UploadPartCopy => match name {
            "x-amz-copy-source-range" | "x-amz-source-expected-bucket-owner" => Ok(()),
            _ if copy_source::is_of_source(name) => Ok(()),
            _ => Err(Fault::header(name)),
        },
        Served::CompleteMultipartUpload => match name {
            "x-amz-mp-object-size" | "x-amz-checksum-type" => Ok(()),
            "x-amz-checksum-mode" | "x-amz-checksum-algorithm" => Err(Fault::header(name)),
            _ if name.starts_with("x-amz-checksum-") => Ok(()),
            _ => Err(Fault::header(name)),
        },
        Served::GetObjectAttributes
            if ["x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"].contains(&name) =>
        {
            Ok(())
        }
        Served::GetObject | Served::HeadObject if name == "x-amz-checksum-mode" || name == METHODS[0] => {
            Ok(())
        }
        Served::PutBucketVersioning if name == "x-amz-sdk-checksum-algorithm" => Ok(()),
        // Which checksums are known, `checksum` says.
        Served::PutBucketVersioning if name.starts_with("x-amz-checksum-") => Ok(()),
        Served::CreateBucket if name == "x-amz-acl" => private(value()?),
        Served::CreateBucket if name == "x-amz-bucket-object-lock-enabled" && value()? == "false" => Ok(()),
        Served::DeleteObject | Served::DeleteObjects if name == "x-amz-bypass-governance-retention" => {
            Err(Fault::InvalidArgument {
                message: NO_BYPASS,
                name: "x-amz-bypass-governance-retention",
                value: None,
            })
        }
        Served::DeleteObjects
            if name == "x-amz-sdk-checksum-algorithm" || name.starts_with("x-amz-checksum-") =>
        {
            Ok(())
        }
        // No object here is being restored, so that there is nothing to add.
        Served::ListObjects | Served::ListObjectsV2 | Served::ListObjectVersions
            if name == "x-amz-optional-object-attributes" && value()? == "RestoreStatus" =>
        {
            Ok(())
        }
        _ => Err(Fault::header(name)),
    }
}

/// The managed encryption methods, and what goes with them.
const METHODS: [&str; 4] = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-bucket-key-enabled",
];

/// An object belongs to its bucket's owner, so that these three say the same: nobody else.
fn private(acl: &str) -> Result<(), Fault> {
    match acl {
        "private" | "bucket-owner-read" | "bucket-owner-full-control" => Ok(()),
        other => Err(Fault::HeaderNotImplemented {
            header: "x-amz-acl".into(),
            note: Some(format!("The ACL {other} is not implemented")),
        }),
    }
}

fn storage_class(class: &str) -> Result<(), Fault> {
    match class {
        "STANDARD" => Ok(()),
        "REDUCED_REDUNDANCY"
        | "STANDARD_IA"
        | "ONEZONE_IA"
        | "INTELLIGENT_TIERING"
        | "GLACIER"
        | "GLACIER_IR"
        | "DEEP_ARCHIVE"
        | "OUTPOSTS"
        | "SNOW"
        | "EXPRESS_ONEZONE"
        | "FSX_OPENZFS"
        | "FSX_ONTAP" => Err(Fault::header("x-amz-storage-class")),
        other => Err(Fault::InvalidStorageClass { class: other.to_owned() }),
    }
}

/// Conditions that the operation would not evaluate, and ranges that it would not keep to.
fn conditions(operation: Served, headers: &HeaderMap) -> Result<(), Fault> {
    let refused: &[&str] = match operation {
        Served::GetObject | Served::HeadObject => &[],
        Served::GetObjectAttributes => &["content-range", "range"],
        Served::CompleteMultipartUpload | Served::CopyObject | Served::PutObject => {
            &["if-modified-since", "if-unmodified-since", "content-range", "range"]
        }
        Served::DeleteObject => &["if-none-match", "if-modified-since", "if-unmodified-since"],
        Served::CreateBucket
        | Served::DeleteBucket
        | Served::PutBucketVersioning
        | Served::CreateMultipartUpload
        | Served::UploadPart
        | Served::UploadPartCopy => {
            &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        }
        _ => &["if-match", "if-unmodified-since"],
    };
    match refused.iter().find(|name| headers.contains_key(**name)) {
        Some(name) => Err(Fault::header(*name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::header::HeaderValue;

    use super::*;

    fn check_one(operation: Served, query: &str, header: (&'static str, &'static str)) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        if !header.0.is_empty() {
            headers.insert(HeaderName::from_static(header.0), HeaderValue::from_static(header.1));
        }
        check(operation, &Query::parse(Some(query)).unwrap(), &headers)
    }

    #[test]
    fn what_is_honoured_passes() {
        for (operation, query, header) in [
            (Served::PutObject, "x-id=PutObject", ("x-amz-acl", "private")),
            (Served::PutObject, "", ("x-amz-storage-class", "STANDARD")),
            (Served::PutObject, "", ("x-amz-meta-a", "b")),
            (Served::PutObject, "", ("x-amz-checksum-crc32", "b")),
            (Served::PutObject, "", ("if-none-match", "*")),
            (
                Served::GetObject,
                "response-expires=x&versionId=null&x-log=1",
                ("x-amz-checksum-mode", "ENABLED"),
            ),
            (Served::ListObjectsV2, "list-type=2&prefix=a", ("x-amz-request-payer", "requester")),
            (Served::GetBucketAcl, "acl", (OWNER_HEADER, "a")),
        ] {
            assert!(check_one(operation, query, header).is_ok(), "{operation:?} {query} {header:?}");
        }
    }

    #[test]
    fn what_is_not_is_refused() {
        for (operation, query, header) in [
            (Served::PutObject, "", ("x-amz-acl", "public-read")),
            (Served::PutObject, "", ("x-amz-grant-read", "id=1")),
            (Served::PutObject, "", ("x-amz-tagging", "a=b")),
            (Served::PutObject, "", ("x-amz-storage-class", "GLACIER")),
            (Served::PutObject, "", ("x-amz-write-offset-bytes", "1")),
            (Served::PutObject, "", ("x-amz-server-side-encryption-colour", "blue")),
            (Served::CreateBucket, "", (OWNER_HEADER, "a")),
            (Served::PutObject, "", ("if-modified-since", "x")),
            (Served::PutObject, "", ("content-range", "bytes 0-1/2")),
            (Served::GetObject, "", ("x-amz-something-new", "1")),
            (Served::CreateBucket, "", ("x-amz-bucket-object-lock-enabled", "true")),
            (Served::CreateBucket, "", ("x-amz-object-ownership", "ObjectWriter")),
            (Served::DeleteObject, "", ("x-amz-mfa", "1 2")),
        ] {
            let result = check_one(operation, query, header);
            assert!(
                matches!(result, Err(Fault::HeaderNotImplemented { .. })),
                "{operation:?} {header:?} {result:?}"
            );
        }
        for (operation, query) in [
            (Served::PutObject, "versionId=null"),
            (Served::GetObject, "policy"),
            (Served::ListObjects, "start-after=a"),
            (Served::HeadBucket, "response-expires=x"),
        ] {
            let result = check_one(operation, query, ("", ""));
            assert!(
                matches!(result, Err(Fault::QueryNotImplemented { .. })),
                "{operation:?} {query} {result:?}"
            );
        }
        let lock = check_one(Served::PutObject, "", ("x-amz-object-lock-mode", "GOVERNANCE"));
        assert!(matches!(lock, Err(Fault::InvalidRequest { message }) if message == NO_LOCK));
        let token = check_one(Served::GetObject, "", ("x-amz-security-token", "t"));
        assert!(matches!(token, Err(Fault::InvalidToken)));
    }
}
