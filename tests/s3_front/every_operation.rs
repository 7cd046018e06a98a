//! What holds for every operation that is served. A new row of the table is tested here without a change.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardea::http::checksum::Hasher;
use cardea::model::ChecksumAlgorithm;
use cardea::s3::route::{Mark, On, Row, S3Operation, Takes};
use md5::{Digest, Md5};

use super::world::{Answer, Call, World, call};

const UPLOAD: &str = "00112233445566778899aabbccddeeff";

/// Operations that name no bucket that could be missing or a stranger's.
/// `OptionsObject` needs no credentials, and so must not show whether a bucket exists.
const WITHOUT_A_BUCKET: [&str; 3] = ["ListBuckets", "CreateBucket", "OptionsObject"];

/// Operations that report refusals item by item.
const BULK: [&str; 1] = ["DeleteObjects"];

/// Bodies of which no answer to a stranger may depend.
const BODIES: [&str; 4] = ["", "<bad", "<Other/>", "any bytes"];

/// A list for `DeleteObjects`.
const LIST: &str = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>";

const CONDITIONS: [(&str, &str); 4] = [
    ("if-match", "\"not-this\""),
    ("if-none-match", "*"),
    ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
];

fn served() -> impl Iterator<Item = &'static Row> {
    S3Operation::ALL.iter().map(|operation| operation.row()).filter(|row| row.served.is_some())
}

fn on_a_bucket() -> impl Iterator<Item = &'static Row> {
    served().filter(|row| !WITHOUT_A_BUCKET.contains(&row.operation.name()))
}

fn takes(row: &Row) -> Takes {
    row.served.unwrap().takes
}

/// A request for an operation, made from its row.
fn request(row: &Row, bucket: &str) -> Call {
    request_on(row, bucket, UPLOAD)
}

fn request_on(row: &Row, bucket: &str, upload: &str) -> Call {
    let path = match row.on {
        On::Service => "/".to_owned(),
        On::Bucket => format!("/{bucket}"),
        On::Object | On::Any => format!("/{bucket}/key"),
    };
    let mut query: Vec<String> = match row.sub_resource {
        "" => Vec::new(),
        "uploadId" => vec![format!("uploadId={upload}")],
        name => vec![name.to_owned()],
    };
    let mut headers: Vec<(&str, String)> = Vec::new();
    match row.marks.first() {
        None => {}
        Some(Mark::Header(name)) => headers.push((name, format!("/{bucket}/source"))),
        Some(Mark::Parameter(name)) => query.push(format!("{name}=x")),
        Some(Mark::Value(name, value)) => query.push(format!("{name}={value}")),
    }
    if row.served.unwrap().parameters.contains(&"partNumber") && row.sub_resource == "uploadId" {
        query.push("partNumber=1".into());
    }
    if row.operation == S3Operation::GetObjectAttributes {
        headers.push(("x-amz-object-attributes", "ETag".into()));
    }
    let uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    headers.iter().fold(call(row.method, uri), |call, (name, value)| call.header(name, value))
}

fn md5(body: &str) -> String {
    STANDARD.encode(Md5::digest(body))
}

fn crc32(body: &str) -> String {
    let mut hasher = Hasher::new(ChecksumAlgorithm::Crc32);
    hasher.update(body.as_bytes());
    STANDARD.encode(hasher.finish())
}

fn assert_fault(row: &Row, what: &str, answer: &Answer, expected: (u16, &str)) {
    assert_eq!(answer.fault(), expected, "{} {what}: {answer:?}", row.operation.name());
}

#[tokio::test]
async fn whatever_the_body_a_stranger_and_nobody_get_403_and_a_missing_bucket_is_404() {
    let world = World::new().await;
    world.send(call("PUT", "/bucket/key").body("x")).await.ok();
    for row in on_a_bucket() {
        for body in BODIES {
            let sent = |bucket| request(row, bucket).body(body).header("content-md5", &md5(body));
            let stranger = world.send(sent("bucket").signed_by("bob", "secret")).await;
            assert_fault(row, body, &stranger, (403, "AccessDenied"));
            let nobody = world.send(sent("bucket").anonymous()).await;
            assert_fault(row, body, &nobody, (403, "AccessDenied"));
            for missing in [
                sent("nothing-here"),
                sent("nothing-here").signed_by("bob", "secret"),
                sent("nothing-here").anonymous(),
            ] {
                assert_fault(row, body, &world.send(missing).await, (404, "NoSuchBucket"));
            }
        }
        if takes(row) != Takes::Nothing {
            let without_length = request(row, "bucket").no_length().signed_by("bob", "secret");
            assert_fault(row, "no length", &world.send(without_length).await, (403, "AccessDenied"));
        }
    }
    assert_eq!(world.send(call("GET", "/bucket/key")).await.ok().text(), "x", "nothing was changed");
}

#[tokio::test]
async fn bulk_operations_report_the_refusal_of_each_item() {
    let world = World::new().await;
    for row in on_a_bucket().filter(|row| BULK.contains(&row.operation.name())) {
        let sent = |bucket| request(row, bucket).body(LIST).header("content-md5", &md5(LIST));
        let stranger = world.send(sent("bucket").signed_by("bob", "secret")).await;
        assert_eq!(stranger.status, 200, "{stranger:?}");
        assert_eq!(stranger.text().matches("<Code>AccessDenied</Code>").count(), 2, "{}", stranger.text());
        assert!(!stranger.text().contains("<Deleted>"));
        assert_fault(row, LIST, &world.send(sent("bucket").anonymous()).await, (403, "AccessDenied"));
        assert_fault(row, LIST, &world.send(sent("nothing-here")).await, (404, "NoSuchBucket"));
    }
}

#[tokio::test]
async fn operations_without_a_bucket_answer_nobody_403() {
    let world = World::new().await;
    for row in served().filter(|row| WITHOUT_A_BUCKET.contains(&row.operation.name())) {
        for (bucket, body) in [("bucket", "<bad"), ("nothing-here", "<bad"), ("bucket", "")] {
            let sent = request(row, bucket).body(body).header("origin", "https://x").anonymous();
            assert_eq!(world.send(sent).await.status, 403, "{}", row.operation.name());
        }
    }
    for body in BODIES {
        let guest = call("PUT", "/new-bucket").body(body).signed_by("guest", "secret");
        assert_eq!(world.send(guest).await.fault(), (403, "AccessDenied"), "{body}");
    }
    let taken = world.send(call("PUT", "/bucket").signed_by("bob", "secret")).await;
    assert_eq!(taken.fault(), (409, "BucketAlreadyExists"));
}

#[tokio::test]
async fn the_expected_owner_is_honoured() {
    let world = World::new().await;
    world.send(call("PUT", "/bucket/key").body("x")).await.ok();
    for row in on_a_bucket() {
        for body in BODIES {
            let sent = |owner| {
                let sent = request(row, "bucket").body(body).header("content-md5", &md5(body));
                sent.header("x-amz-expected-bucket-owner", owner)
            };
            let other = world.send(sent("bob-account")).await;
            assert_fault(row, body, &other, (403, "AccessDenied"));
        }
    }
    for row in on_a_bucket().filter(|row| row.method == "GET") {
        let owner =
            world.send(request(row, "bucket").header("x-amz-expected-bucket-owner", "alice-account")).await;
        assert_ne!(owner.status, 403, "{} {owner:?}", row.operation.name());
    }
}

#[tokio::test]
async fn every_document_takes_digests_and_is_compared_with_them() {
    let world = World::new().await;
    let documents = [Takes::Document, Takes::OptionalDocument, Takes::DocumentWithDigest, Takes::PartList];
    let body = "<bad";
    for row in served().filter(|row| documents.contains(&takes(row))) {
        let bucket = if row.operation == S3Operation::CreateBucket { "another" } else { "bucket" };
        let sent = || request(row, bucket).body(body);
        let right = sent().header("content-md5", &md5(body));
        assert_fault(row, "right MD5", &world.send(right).await, (400, "MalformedXML"));
        let wrong = sent().header("content-md5", &md5("other"));
        assert_fault(row, "wrong MD5", &world.send(wrong).await, (400, "BadDigest"));
        let summed = |of: &str| {
            let sent = sent().header("x-amz-sdk-checksum-algorithm", "CRC32");
            sent.header("x-amz-checksum-crc32", &crc32(of))
        };
        assert_fault(row, "right CRC32", &world.send(summed(body)).await, (400, "MalformedXML"));
        // The checksum of a list of parts is the object's.
        if takes(row) != Takes::PartList {
            assert_fault(row, "wrong CRC32", &world.send(summed("other")).await, (400, "BadDigest"));
        }
    }
}

/// A condition that is ignored changes what its sender wanted to keep.
#[tokio::test]
async fn every_write_refuses_or_evaluates_each_condition() {
    let world = World::new().await;
    world.send(call("PUT", "/bucket/key").body("x")).await.ok();
    world.send(call("PUT", "/bucket/source").body("z")).await.ok();
    let created = world.send(call("POST", "/bucket/key?uploads")).await.ok();
    let upload = created.element("UploadId").unwrap();
    let part = world.send(call("PUT", format!("/bucket/key?partNumber=1&uploadId={upload}")).body("y")).await;
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        part.ok().header("etag").unwrap()
    );
    for row in served().filter(|row| ["PUT", "POST", "DELETE"].contains(&row.method)) {
        let body = match takes(row) {
            Takes::PartList => &parts,
            Takes::DocumentWithDigest => LIST,
            _ => "",
        };
        for (name, value) in CONDITIONS {
            let sent = request_on(row, "bucket", upload).body(body.to_owned()).header(name, value);
            let answer = world.send(sent.header("content-md5", &md5(body))).await;
            let refused = answer.fault() == (501, "NotImplemented");
            let evaluated = answer.fault() == (412, "PreconditionFailed");
            assert!(refused || evaluated, "{} {name}: {answer:?}", row.operation.name());
        }
    }
    assert_eq!(world.send(call("GET", "/bucket/key")).await.ok().text(), "x", "nothing was changed");
}

/// The statuses of a row are those that an owner gets.
#[tokio::test]
async fn reads_answer_as_their_rows_say() {
    let world = World::new().await;
    world.send(call("PUT", "/bucket/key").body("x")).await.ok();
    let created = world.send(call("POST", "/bucket/key?uploads")).await.ok();
    let upload = created.element("UploadId").unwrap();
    for row in served().filter(|row| ["GET", "HEAD"].contains(&row.method)) {
        let answer = world.send(request_on(row, "bucket", upload)).await;
        let answers = row.served.unwrap().answers;
        // A setting that can be put was not put here.
        let can_be_put = |other: &Row| other.method == "PUT" && other.sub_resource == row.sub_resource;
        let is_unset = answer.status == 404 && row.on == On::Bucket && served().any(can_be_put);
        let is_said = answers.contains(&answer.status) || is_unset;
        assert!(is_said, "{} {answers:?} {answer:?}", row.operation.name());
    }
}
