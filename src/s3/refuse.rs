//! Nothing that would change the meaning of a request is ignored: if an operation does not honour it, it is
//! refused.
//!
//! Which parameters and conditions an operation honours is said in its row ([`super::route`]). Which
//! `x-amz-*` headers it honours is said in [`HEADERS`].

use poem::http::HeaderMap;
use poem::http::header::HeaderName;

use super::copy_source;
use super::error::{Fault, OWNER_HEADER};
use super::headers::text;
use super::query::Query;
use super::route::{Row, Rules, S3Operation, Takes};
use Cardea::{Accepts, AcceptsIf, Refuses, RefusesWith};
use Operations::{Every, EveryBut, Only, Taking};
use S3Operation::{
    CompleteMultipartUpload, CopyObject, CreateBucket, CreateMultipartUpload, DeleteObject, DeleteObjects,
    GetObject, GetObjectAttributes, HeadObject, ListBuckets, ListObjectVersions, ListObjects, ListObjectsV2,
    PutObject, UploadPart, UploadPartCopy,
};

/// A line of [`HEADERS`].
struct Line {
    /// The header's name. A final `*` is any ending.
    header: &'static str,
    /// The operations that the line is for.
    operations: Operations,
    cardea: Cardea,
}

/// The operations that a line is for.
enum Operations {
    Every,
    EveryBut(&'static [S3Operation]),
    Only(&'static [S3Operation]),
    /// Those that take such a body.
    Taking(&'static [Takes]),
}

/// What Cardea does with a header.
enum Cardea {
    /// The operation reads it, or it changes nothing.
    Accepts,
    /// As above for some values. The function refuses the others.
    AcceptsIf(fn(header: &str, value: &str) -> Result<(), Fault>),
    /// 501: S3 knows it, and Cardea does not serve it.
    Refuses,
    /// The error that S3 gives where the feature is not configured.
    RefusesWith(fn() -> Fault),
}

const fn line(header: &'static str, operations: Operations, cardea: Cardea) -> Line {
    Line { header, operations, cardea }
}

/// Operations that make an object of their own headers.
const MAKE: Operations = Only(&[PutObject, CopyObject, CreateMultipartUpload]);
const READ: Operations = Only(&[GetObject, HeadObject]);
const COPY: Operations = Only(&[CopyObject, UploadPartCopy]);
const DELETE: Operations = Only(&[DeleteObject, DeleteObjects]);
const LIST: Operations = Only(&[ListObjects, ListObjectsV2, ListObjectVersions]);
const DOCUMENTS: Operations = Taking(&[Takes::Document, Takes::OptionalDocument, Takes::DocumentWithDigest]);

/// The `x-amz-*` headers, and those of ranges, in groups: what S3 does with the group is said above it. The
/// first line that fits header and operation counts. A header without a line is refused ([`WITHOUT_A_LINE`]).
#[rustfmt::skip]
const HEADERS: &[Line] = &[
    // They belong to the signature and to the transfer.
    line("x-amz-date", Every, Accepts),
    line("x-amz-content-sha256", Every, Accepts),
    line("x-amz-decoded-content-length", Every, Accepts),
    line("x-amz-trailer", Every, Accepts),
    // An offer to take an MD5 behind the body, which a server need not accept.
    line("x-amz-te", Every, Accepts),
    // They change nothing.
    line("x-amz-user-agent", Every, Accepts),
    line("x-amz-cf-id", Every, Accepts),
    // The caller agrees to pay. No bucket can ask for that yet.
    line("x-amz-request-payer", Every, Accepts),

    // 403 if the bucket has another owner.
    line(OWNER_HEADER, EveryBut(&[CreateBucket, ListBuckets]), Accepts),

    // The access control list of what is made.
    line("x-amz-acl", MAKE, AcceptsIf(owner_only)),
    line("x-amz-acl", Only(&[CreateBucket]), AcceptsIf(owner_only)),
    // The storage class of the object. All of Cardea's objects are STANDARD.
    line("x-amz-storage-class", MAKE, AcceptsIf(standard)),
    line("x-amz-website-redirect-location", MAKE, Accepts),
    line("x-amz-meta-*", MAKE, Accepts),

    // The managed encryption methods. On reads S3 answers 400, and so does `sse_c`. A part has its upload's
    // method: some clients name it again.
    line(SSE, MAKE, Accepts),
    line(SSE_HEADERS[1], MAKE, Accepts),
    line(SSE_HEADERS[2], MAKE, Accepts),
    line(SSE_HEADERS[3], MAKE, Accepts),
    line(SSE, READ, Accepts),
    line(SSE, Only(&[UploadPart, CompleteMultipartUpload]), Accepts),

    // Object lock: S3 refuses it on a bucket that was not made for it, and none can be yet.
    line("x-amz-object-lock-mode", MAKE, RefusesWith(no_lock)),
    line("x-amz-object-lock-retain-until-date", MAKE, RefusesWith(no_lock)),
    line("x-amz-object-lock-legal-hold", MAKE, RefusesWith(no_lock)),
    line(BYPASS, DELETE, RefusesWith(no_bypass)),
    line("x-amz-bucket-object-lock-enabled", Only(&[CreateBucket]), AcceptsIf(is_false)),

    // Checksums: those to compute, those to show, those to compare. `checksum` says which algorithms there
    // are.
    line("x-amz-checksum-mode", READ, Accepts),
    line("x-amz-checksum-algorithm", Only(&[CopyObject, CreateMultipartUpload]), Accepts),
    line("x-amz-checksum-type", Only(&[CreateMultipartUpload, CompleteMultipartUpload]), Accepts),
    line("x-amz-checksum-mode", Only(&[PutObject, UploadPart, CompleteMultipartUpload]), Refuses),
    line("x-amz-checksum-algorithm", Only(&[PutObject, UploadPart, CompleteMultipartUpload]), Refuses),
    line("x-amz-checksum-type", Only(&[PutObject, UploadPart]), Refuses),
    line("x-amz-checksum-*", Taking(&[Takes::Object, Takes::PartList]), Accepts),
    line("x-amz-checksum-*", DOCUMENTS, Accepts),
    line("x-amz-sdk-checksum-algorithm", Taking(&[Takes::Object, Takes::PartList]), Accepts),
    line("x-amz-sdk-checksum-algorithm", DOCUMENTS, Accepts),
    // The size that the client expects of the whole object.
    line("x-amz-mp-object-size", Only(&[CompleteMultipartUpload]), Accepts),

    // Copies: the source, its conditions, its owner, and what becomes of its metadata and tags.
    line(copy_source::HEADER, COPY, Accepts),
    line(copy_source::IF_MATCH, COPY, Accepts),
    line(copy_source::IF_NONE_MATCH, COPY, Accepts),
    line(copy_source::IF_MODIFIED_SINCE, COPY, Accepts),
    line(copy_source::IF_UNMODIFIED_SINCE, COPY, Accepts),
    line("x-amz-source-expected-bucket-owner", COPY, Accepts),
    line("x-amz-copy-source-range", Only(&[UploadPartCopy]), Accepts),
    line("x-amz-metadata-directive", Only(&[CopyObject]), Accepts),
    // No object has tags: there are none to copy.
    line("x-amz-tagging-directive", Only(&[CopyObject]), AcceptsIf(is_copy)),

    // What a report is to contain.
    line("x-amz-object-attributes", Only(&[GetObjectAttributes]), Accepts),
    line("x-amz-max-parts", Only(&[GetObjectAttributes]), Accepts),
    line("x-amz-part-number-marker", Only(&[GetObjectAttributes]), Accepts),
    // No object is being restored: there is nothing to add.
    line("x-amz-optional-object-attributes", LIST, AcceptsIf(is_restore_status)),

    // A range of what is written, or of a report. S3 does not keep to it either.
    line("content-range", Only(&[GetObjectAttributes, PutObject, CopyObject, CompleteMultipartUpload]), Refuses),
    line("range", Only(&[GetObjectAttributes, PutObject, CopyObject, CompleteMultipartUpload]), Refuses),
    line("content-range", Every, Accepts),
    line("range", Every, Accepts),
];

/// What becomes of an `x-amz-*` header that has no line for the operation.
const WITHOUT_A_LINE: Cardea = Refuses;

/// Headers of [`HEADERS`] whose names do not begin with `x-amz-`.
const RANGES: [&str; 2] = ["content-range", "range"];

/// Chooses a managed encryption method.
const SSE: &str = SSE_HEADERS[0];

/// The managed encryption methods, and what goes with them.
const SSE_HEADERS: [&str; 4] = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-bucket-key-enabled",
];

/// Parameters that every operation may have: those of a presigned request, and the operation's name, which
/// SDKs add.
const PARAMETERS: [&str; 9] = [
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

/// Refuses what the operation would not honour.
pub(super) fn check(row: &Row, rules: &Rules, query: &Query, headers: &HeaderMap) -> Result<(), Fault> {
    if headers.contains_key("x-amz-security-token") || query.has("X-Amz-Security-Token") {
        return Err(Fault::InvalidToken);
    }
    for (name, _) in query.iter() {
        // S3's rule: parameters that begin with `x-` are for access logs. `x-amz-*` have become headers.
        let is_for_logs = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        if !is_for_logs && !PARAMETERS.contains(&name) && !row.parameters().any(|known| known == name) {
            return Err(Fault::QueryNotImplemented { parameter: name.to_owned() });
        }
    }
    for name in headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-amz-")) {
        header(row.operation, rules.takes, name, headers)?;
    }
    let refused = rules.conditions.refused();
    if let Some(name) = refused.iter().find(|name| headers.contains_key(**name)) {
        return Err(Fault::header(*name));
    }
    for name in RANGES.into_iter().filter(|name| headers.contains_key(*name)) {
        header(row.operation, rules.takes, name, headers)?;
    }
    Ok(())
}

/// Whether an operation takes an `x-amz-*` header, with some value at least.
#[cfg(feature = "testing")]
pub fn accepts(row: &Row, name: &str) -> bool {
    row.served.is_some_and(|rules| {
        let fits = |line: &&Line| line.names(name) && line.operations.contain(row.operation, rules.takes);
        matches!(HEADERS.iter().find(fits), Some(Line { cardea: Accepts | AcceptsIf(_), .. }))
    })
}

/// Looks a header up in the table.
fn header(operation: S3Operation, takes: Takes, name: &str, headers: &HeaderMap) -> Result<(), Fault> {
    let fits = |line: &&Line| line.names(name) && line.operations.contain(operation, takes);
    match HEADERS.iter().find(fits).map_or(&WITHOUT_A_LINE, |line| &line.cardea) {
        Accepts => Ok(()),
        AcceptsIf(check) => check(name, text(headers, name)?.unwrap_or_default()),
        Refuses => Err(Fault::header(name)),
        RefusesWith(fault) => Err(fault()),
    }
}

impl Line {
    fn names(&self, header: &str) -> bool {
        match self.header.strip_suffix('*') {
            Some(start) => header.starts_with(start),
            None => header == self.header,
        }
    }
}

impl Operations {
    fn contain(&self, operation: S3Operation, takes: Takes) -> bool {
        match self {
            Every => true,
            EveryBut(excepted) => !excepted.contains(&operation),
            Only(operations) => operations.contains(&operation),
            Taking(bodies) => bodies.contains(&takes),
        }
    }
}

/// An object belongs to its bucket's owner: each of the three gives access to the owner alone.
fn owner_only(_: &str, acl: &str) -> Result<(), Fault> {
    match acl {
        "private" | "bucket-owner-read" | "bucket-owner-full-control" => Ok(()),
        other => Err(Fault::NotImplemented {
            what: "x-amz-acl".into(),
            note: Some(format!("The ACL {other} is not implemented")),
        }),
    }
}

fn standard(header: &str, class: &str) -> Result<(), Fault> {
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
        | "FSX_ONTAP" => Err(Fault::header(header)),
        other => Err(Fault::InvalidStorageClass { class: other.to_owned() }),
    }
}

fn is_false(header: &str, value: &str) -> Result<(), Fault> {
    only(header, value, "false")
}

fn is_copy(header: &str, value: &str) -> Result<(), Fault> {
    only(header, value, "COPY")
}

fn is_restore_status(header: &str, value: &str) -> Result<(), Fault> {
    only(header, value, "RestoreStatus")
}

fn only(header: &str, value: &str, accepted: &str) -> Result<(), Fault> {
    if value == accepted { Ok(()) } else { Err(Fault::header(header)) }
}

const NO_LOCK: &str = "Bucket is missing Object Lock Configuration";
const BYPASS: &str = "x-amz-bypass-governance-retention";
const NO_BYPASS: &str =
    "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";

fn no_lock() -> Fault {
    Fault::invalid_request(NO_LOCK)
}

fn no_bypass() -> Fault {
    Fault::InvalidArgument { message: NO_BYPASS, name: BYPASS, value: None }
}

#[cfg(test)]
mod tests {
    use poem::http::header::HeaderValue;

    use super::*;

    fn check_one(
        operation: S3Operation,
        query: &str,
        header: (&'static str, &'static str),
    ) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        if !header.0.is_empty() {
            headers.insert(HeaderName::from_static(header.0), HeaderValue::from_static(header.1));
        }
        let row = operation.row();
        check(row, row.served.as_ref().unwrap(), &Query::parse(Some(query)).unwrap(), &headers)
    }

    #[test]
    fn honoured_parameters_and_headers_pass() {
        for (operation, query, header) in [
            (S3Operation::PutObject, "x-id=PutObject", ("x-amz-acl", "private")),
            (S3Operation::PutObject, "", ("x-amz-storage-class", "STANDARD")),
            (S3Operation::PutObject, "", ("x-amz-meta-a", "b")),
            (S3Operation::PutObject, "", ("x-amz-checksum-crc32", "b")),
            (S3Operation::PutObject, "", ("if-none-match", "*")),
            (
                S3Operation::GetObject,
                "response-expires=x&versionId=null&x-log=1",
                ("x-amz-checksum-mode", "ENABLED"),
            ),
            (S3Operation::ListObjectsV2, "list-type=2&prefix=a", ("x-amz-request-payer", "requester")),
            (S3Operation::GetBucketAcl, "acl", (OWNER_HEADER, "a")),
        ] {
            assert!(check_one(operation, query, header).is_ok(), "{operation:?} {query} {header:?}");
        }
    }

    #[test]
    fn other_parameters_and_headers_are_refused() {
        for (operation, query, header) in [
            (S3Operation::PutObject, "", ("x-amz-acl", "public-read")),
            (S3Operation::PutObject, "", ("x-amz-grant-read", "id=1")),
            (S3Operation::PutObject, "", ("x-amz-tagging", "a=b")),
            (S3Operation::PutObject, "", ("x-amz-storage-class", "GLACIER")),
            (S3Operation::PutObject, "", ("x-amz-write-offset-bytes", "1")),
            (S3Operation::PutObject, "", ("x-amz-server-side-encryption-colour", "blue")),
            (S3Operation::CreateBucket, "", (OWNER_HEADER, "a")),
            (S3Operation::PutObject, "", ("if-modified-since", "x")),
            (S3Operation::PutObject, "", ("content-range", "bytes 0-1/2")),
            (S3Operation::GetObject, "", ("x-amz-something-new", "1")),
            (S3Operation::CreateBucket, "", ("x-amz-bucket-object-lock-enabled", "true")),
            (S3Operation::CreateBucket, "", ("x-amz-object-ownership", "ObjectWriter")),
            (S3Operation::DeleteObject, "", ("x-amz-mfa", "1 2")),
        ] {
            let result = check_one(operation, query, header);
            assert!(
                matches!(result, Err(Fault::NotImplemented { .. })),
                "{operation:?} {header:?} {result:?}"
            );
        }
        for (operation, query) in [
            (S3Operation::PutObject, "versionId=null"),
            (S3Operation::GetObject, "policy"),
            (S3Operation::ListObjects, "start-after=a"),
            (S3Operation::HeadBucket, "response-expires=x"),
        ] {
            let result = check_one(operation, query, ("", ""));
            assert!(
                matches!(result, Err(Fault::QueryNotImplemented { .. })),
                "{operation:?} {query} {result:?}"
            );
        }
        let lock = check_one(S3Operation::PutObject, "", ("x-amz-object-lock-mode", "GOVERNANCE"));
        assert!(matches!(lock, Err(Fault::InvalidRequest { message }) if message == NO_LOCK));
        let token = check_one(S3Operation::GetObject, "", ("x-amz-security-token", "t"));
        assert!(matches!(token, Err(Fault::InvalidToken)));
    }
}
