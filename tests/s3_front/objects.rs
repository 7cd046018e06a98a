//! Objects: there, back, in part, on conditions.

use super::world::{World, call};

#[tokio::test]
async fn there_and_back() {
    let world = World::new().await;
    let put = call("PUT", "/bucket/a//b%2F../%C3%BC").body("hello").headers(&[
        ("content-type", "text/plain"),
        ("content-encoding", "aws-chunked, gzip"),
        ("cache-control", "no-store"),
        ("expires", "soon"),
        ("x-amz-meta-colour", "blue"),
        ("x-amz-website-redirect-location", "/x"),
    ]);
    let put = world.send(put.clone()).await.ok();
    assert_eq!(put.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(put.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(put.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(put.header("x-amz-version-id"), None);

    let got = world.send(call("GET", "/bucket/a//b%2F../%C3%BC")).await.ok();
    let head = world.send(call("HEAD", "/bucket/a//b/../%C3%BC")).await.ok();
    assert_eq!((got.text(), head.text()), ("hello", ""));
    for answer in [&got, &head] {
        for (name, value) in [
            ("content-type", "text/plain"),
            ("content-encoding", "gzip"),
            ("cache-control", "no-store"),
            ("expires", "soon"),
            ("x-amz-meta-colour", "blue"),
            ("x-amz-website-redirect-location", "/x"),
            ("content-length", "5"),
            ("accept-ranges", "bytes"),
            ("etag", "\"5d41402abc4b2a76b9719d911017c592\""),
            ("x-amz-server-side-encryption", "AES256"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        assert!(answer.header("last-modified").is_some());
        assert_eq!(answer.header("x-amz-checksum-crc64nvme"), None);
    }
    assert_eq!(world.send(call("DELETE", "/bucket/a//b/../%C3%BC")).await.status, 204);
    assert_eq!(world.send(call("DELETE", "/bucket/a//b/../%C3%BC")).await.status, 204);
    assert_eq!(world.send(call("GET", "/bucket/a//b/../%C3%BC")).await.fault(), (404, "NoSuchKey"));
    let head = world.send(call("HEAD", "/bucket/a//b/../%C3%BC")).await;
    assert_eq!((head.fault(), head.text()), ((404, "NoSuchKey"), ""));
}

#[tokio::test]
async fn ranges_and_conditions() {
    let world = World::new().await;
    let etag =
        world.send(call("PUT", "/bucket/k").body("0123456789")).await.ok().header("etag").unwrap().to_owned();
    let get = |headers: &[(&str, &str)]| call("GET", "/bucket/k").headers(headers);
    let part = world.send(get(&[("range", "bytes=2-4")])).await;
    assert_eq!((part.status, part.text(), part.header("content-range")), (206, "234", Some("bytes 2-4/10")));
    assert_eq!(part.header("content-length"), Some("3"));
    let several = world.send(get(&[("range", "bytes=0-1,3-4")])).await;
    assert_eq!((several.status, several.text()), (200, "0123456789"));
    let beyond = world.send(get(&[("range", "bytes=10-")])).await;
    assert_eq!((beyond.fault(), beyond.element("ActualObjectSize")), ((416, "InvalidRange"), Some("10")));
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    let head = world.send(call("HEAD", "/bucket/k").header("range", "bytes=-3")).await;
    assert_eq!((head.status, head.header("content-length")), (206, Some("3")));
    let whole = world.send(call("GET", "/bucket/k?partNumber=1")).await;
    assert_eq!((whole.status, whole.header("content-range")), (206, Some("bytes 0-9/10")));

    assert_eq!(world.send(get(&[("if-match", &etag)])).await.status, 200);
    let failed = world.send(get(&[("if-match", "\"x\"")])).await;
    assert_eq!(
        (failed.fault(), failed.element("Condition")),
        ((412, "PreconditionFailed"), Some("If-Match"))
    );
    let not_modified = world.send(get(&[("if-none-match", &etag)])).await;
    assert_eq!((not_modified.status, not_modified.header("etag")), (304, Some(etag.as_str())));
    assert!(not_modified.body.is_empty());
    assert_eq!(world.send(call("HEAD", "/bucket/k").header("if-none-match", &etag)).await.status, 304);

    let put = |headers: &[(&str, &str)]| call("PUT", "/bucket/k").body("new").headers(headers);
    assert_eq!(world.send(put(&[("if-none-match", "*")])).await.fault(), (412, "PreconditionFailed"));
    assert_eq!(world.send(put(&[("if-match", "\"x\"")])).await.fault(), (412, "PreconditionFailed"));
    assert_eq!(world.send(put(&[("if-match", "*")])).await.fault(), (501, "NotImplemented"));
    assert_eq!(world.send(put(&[("if-match", &etag)])).await.status, 200);
    let absent = call("PUT", "/bucket/absent").body("x").header("if-match", "\"x\"");
    assert_eq!(world.send(absent).await.fault(), (404, "NoSuchKey"));
}

#[tokio::test]
async fn limits_and_refusals() {
    let world = World::new().await;
    let long = format!("/bucket/{}", "k".repeat(1025));
    assert_eq!(world.send(call("PUT", long).body("x")).await.fault(), (400, "KeyTooLongError"));
    assert_eq!(world.send(call("PUT", "/bucket/%ff").body("x")).await.fault(), (400, "InvalidURI"));
    assert_eq!(world.send(call("PUT", "/bucket/k").no_length()).await.fault(), (411, "MissingContentLength"));
    let huge = call("PUT", "/bucket/k").body("x").header("x-amz-meta-a", &"v".repeat(2048));
    assert_eq!(world.send(huge).await.fault(), (400, "MetadataTooLarge"));
    for (name, value, status, code) in [
        ("x-amz-acl", "public-read", 501, "NotImplemented"),
        ("x-amz-tagging", "a=b", 501, "NotImplemented"),
        ("x-amz-storage-class", "GLACIER", 501, "NotImplemented"),
        ("x-amz-storage-class", "COLD", 400, "InvalidStorageClass"),
        ("x-amz-object-lock-mode", "GOVERNANCE", 400, "InvalidRequest"),
        ("x-amz-website-redirect-location", "ftp://x", 400, "InvalidRedirectLocation"),
        ("x-amz-server-side-encryption", "rot13", 400, "InvalidArgument"),
        ("x-amz-server-side-encryption", "aws:kms", 501, "NotImplemented"),
        ("x-amz-meta-encryption-key", "x", 400, "InvalidRequest"),
        ("x-amz-expected-bucket-owner", "bob-account", 403, "AccessDenied"),
    ] {
        let answer = world.send(call("PUT", "/bucket/k").body("x").header(name, value)).await;
        assert_eq!(answer.fault(), (status, code), "{name}: {value}: {}", answer.text());
    }
    assert_eq!(world.send(call("GET", "/bucket/k")).await.fault(), (404, "NoSuchKey"));
    assert_eq!(
        world.send(call("GET", "/bucket/k?versionId=nope")).await.message(),
        "Invalid version id specified"
    );
    let key = call("GET", "/bucket/k?x-amz-server-side-encryption-customer-key=a");
    assert_eq!(world.send(key).await.fault(), (400, "InvalidRequest"));
}

#[tokio::test]
async fn sub_resources() {
    let world = World::new().await;
    world.send(call("PUT", "/bucket/k").body("x")).await.ok();
    assert!(world.send(call("GET", "/bucket/k?tagging")).await.ok().text().contains("<TagSet></TagSet>"));
    assert_eq!(
        world.send(call("GET", "/bucket/k?acl")).await.ok().element("Permission"),
        Some("FULL_CONTROL")
    );
    assert_eq!(world.send(call("GET", "/bucket/k?retention")).await.fault(), (400, "InvalidRequest"));
    assert_eq!(world.send(call("GET", "/bucket/none?tagging")).await.fault(), (404, "NoSuchKey"));
}
