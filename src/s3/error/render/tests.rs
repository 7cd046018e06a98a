use super::*;
use crate::http::body::{BodyError, read_limited};
use crate::model::{ChecksumAlgorithm, EncryptionMode, Timestamp, VersionId};
use crate::ops::Error as E;
use crate::s3::error::{Fault, Refusal};

fn context(method: Method) -> ErrorContext {
    ErrorContext {
        request_id: "tx1".into(),
        host_id: "h1".into(),
        method,
        bucket: Some("bkt".into()),
        key: Some("a<b".into()),
        version: None,
        upload: None,
        condition: Some("If-Match"),
    }
}

async fn shown(error: impl Into<Error>) -> (u16, String) {
    let mut response = render(&error.into(), &context(Method::GET));
    let status = response.status().as_u16();
    let stream =
        futures_util::TryStreamExt::map_err(response.take_body().into_bytes_stream(), BodyError::from);
    let body = crate::http::body::Body { stream: Box::pin(stream), length: None };
    let body = read_limited(body, 4096).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_document() {
    let (status, body) = shown(E::NoSuchObject { marker: None }).await;
    assert_eq!(status, 404);
    assert_eq!(
        body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not \
         exist.</Message><Key>a&lt;b</Key><RequestId>tx1</RequestId><HostId>h1</HostId></Error>"
    );
}

/// Status, code and a piece of the body, as S3 has them.
#[tokio::test]
async fn statuses_and_codes() {
    let rows: Vec<(Error, u16, &str, &str)> = vec![
        (E::Unauthenticated.into(), 403, "AccessDenied", "Access Denied"),
        (E::NoSuchBucket.into(), 404, "NoSuchBucket", "<BucketName>bkt</BucketName>"),
        (E::BucketAlreadyOwned.into(), 409, "BucketAlreadyOwnedByYou", "you already own it"),
        (E::BucketNotEmpty.into(), 409, "BucketNotEmpty", "not empty"),
        (E::KeyRequired.into(), 400, "InvalidRequest", "The correct parameters must be provided"),
        (E::WrongKey.into(), 403, "AccessDenied", "must provide the correct secret key."),
        (
            E::KeyNotApplicable { mode: EncryptionMode::Managed }.into(),
            400,
            "InvalidRequest",
            "not applicable to this",
        ),
        (E::InsecureTransport.into(), 400, "InvalidRequest", "over a secure connection."),
        (E::KmsNotConfigured.into(), 501, "NotImplemented", "KMS is not configured"),
        (E::PreconditionFailed.into(), 412, "PreconditionFailed", "<Condition>If-Match</Condition>"),
        (
            E::ChecksumMismatch { algorithm: ChecksumAlgorithm::Crc32 }.into(),
            400,
            "BadDigest",
            "The CRC32 you",
        ),
        (
            E::Md5Mismatch { expected: "00".repeat(16), computed: "00".repeat(16) }.into(),
            400,
            "BadDigest",
            "<CalculatedDigest>AAAAAAAAAAAAAAAAAAAAAA==</CalculatedDigest>",
        ),
        (E::Body(BodyError::Sha256Mismatch).into(), 400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256"),
        (E::Body(BodyError::ChunkSignature).into(), 403, "SignatureDoesNotMatch", "signature"),
        (E::Body(BodyError::TrailerMissing).into(), 400, "MalformedTrailerError", "trailing data"),
        (E::Full.into(), 507, "InsufficientStorage", "no room"),
        (E::Corrupt("secret detail".into()).into(), 500, "InternalError", "internal error"),
        (
            Fault::Setting(Refusal::absent("NoSuchThing", "It is not there").with("BucketName", "bkt"))
                .into(),
            404,
            "NoSuchThing",
            "<Message>It is not there</Message><BucketName>bkt</BucketName>",
        ),
        (
            Fault::OperationNotImplemented { operation: "SelectObjectContent" }.into(),
            501,
            "NotImplemented",
            "<Operation>SelectObjectContent</Operation>",
        ),
        (Fault::header("x-amz-tagging").into(), 501, "NotImplemented", "<Header>x-amz-tagging</Header>"),
        (
            Fault::InvalidEncryptionAlgorithm { value: "KMS".into() }.into(),
            400,
            "InvalidEncryptionAlgorithmError",
            "<ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>KMS</ArgumentValue>",
        ),
        (
            Fault::InvalidRange { asked: "bytes=9-".into(), size: 4 }.into(),
            416,
            "InvalidRange",
            "<RangeRequested>bytes=9-</RangeRequested><ActualObjectSize>4</ActualObjectSize>",
        ),
        (Fault::MissingContentLength.into(), 411, "MissingContentLength", "Content-Length"),
    ];
    for (error, status, code, piece) in rows {
        let what = format!("{error:?}");
        let (found, body) = shown(error).await;
        assert_eq!(found, status, "{what}");
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{what}: {body}");
        assert!(body.contains(piece) && !body.contains("secret detail"), "{what}: {body}");
    }
}

#[test]
fn head_says_it_in_headers() {
    let response = render(&E::WrongKey.into(), &context(Method::HEAD));
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.header("x-amz-error-code"), Some("AccessDenied"));
    assert!(response.header("x-amz-error-message").unwrap().contains("correct secret key"));
    assert!(response.into_body().is_empty());
}

#[test]
fn headers_beside_the_code() {
    let marker = VersionId::At(Timestamp::from_steps(7));
    let response = render(&E::NoSuchObject { marker: Some(marker) }.into(), &context(Method::GET));
    assert_eq!(response.header("x-amz-delete-marker"), Some("true"));
    assert_eq!(response.header("x-amz-version-id"), Some(marker.to_string().as_str()));
    let response = render(&E::VersionIsMarker { marker }.into(), &context(Method::GET));
    assert_eq!((response.status().as_u16(), response.header("allow")), (405, Some("DELETE")));
    let modified = Timestamp::from_seconds(0);
    let response = render(&E::NotModified { etag: Some("e".into()), modified }.into(), &context(Method::GET));
    assert_eq!((response.status().as_u16(), response.header("etag")), (304, Some("\"e\"")));
    assert!(response.into_body().is_empty());
}
