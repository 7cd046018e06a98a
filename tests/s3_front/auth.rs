//! Who asks.

use super::world::{World, call};

#[tokio::test]
async fn signatures() {
    let world = World::new().await;
    assert_eq!(world.send(call("GET", "/bucket")).await.status, 200);
    let unknown = world.send(call("GET", "/bucket").signed_by("mallory", "secret")).await;
    assert_eq!(unknown.fault(), (403, "InvalidAccessKeyId"));
    assert_eq!(unknown.element("AWSAccessKeyId"), Some("mallory"));
    let wrong = world.send(call("GET", "/bucket").signed_by("alice", "wrong")).await;
    assert_eq!(wrong.fault(), (403, "SignatureDoesNotMatch"));
    assert_eq!(world.send(call("GET", "/bucket").anonymous()).await.fault(), (403, "AccessDenied"));
    assert_eq!(world.send(call("GET", "/").anonymous()).await.fault(), (403, "AccessDenied"));
    assert_eq!(
        world.send(call("GET", "/bucket").signed_by("bob", "secret")).await.fault(),
        (403, "AccessDenied")
    );
    let added = world.send(call("PUT", "/bucket/k").late_header("x-amz-copy-source", "/bucket/other")).await;
    assert_eq!(added.fault(), (403, "AccessDenied"));
    assert_eq!(added.element("HeadersNotSigned"), Some("x-amz-copy-source"));
    let token = world.send(call("GET", "/bucket").header("x-amz-security-token", "t")).await;
    assert_eq!(token.fault(), (400, "InvalidToken"));
}

#[tokio::test]
async fn presigned() {
    let world = World::new().await;
    let put =
        world.presigned("PUT", "/bucket/a%20key", &[("x-amz-meta-colour", "blue")], "hello".into()).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let got =
        world.presigned("GET", "/bucket/a%20key?response-content-type=text/x", &[], "".into()).await.ok();
    assert_eq!((got.text(), got.header("content-type")), ("hello", Some("text/x")));
    assert_eq!(got.header("x-amz-meta-colour"), Some("blue"));
    // Some presigners put headers into the query.
    world
        .presigned("PUT", "/bucket/h?x-amz-meta-colour=red&x-amz-acl=private", &[], "hello".into())
        .await
        .ok();
    assert_eq!(world.send(call("HEAD", "/bucket/h")).await.header("x-amz-meta-colour"), Some("red"));
    let acl = world.presigned("PUT", "/bucket/h?x-amz-acl=public-read", &[], "hello".into()).await;
    assert_eq!(acl.fault(), (501, "NotImplemented"));
}

#[tokio::test]
async fn operations_that_are_not_yet() {
    let world = World::new().await;
    for (method, uri, name) in [
        ("POST", "/bucket/k?select&select-type=2", "SelectObjectContent"),
        ("PUT", "/bucket?policy", "PutBucketPolicy"),
        ("PUT", "/bucket/k?tagging", "PutObjectTagging"),
    ] {
        let answer = world.send(call(method, uri)).await;
        assert_eq!(answer.fault(), (501, "NotImplemented"), "{uri}");
        assert_eq!(answer.element("Operation"), Some(name));
        assert_eq!(world.send(call(method, uri).anonymous()).await.fault(), (403, "AccessDenied"), "{uri}");
    }
    let form = world.send(call("POST", "/bucket").anonymous()).await;
    assert_eq!(form.element("Operation"), Some("PostObject"));
    let preflight = world.send(call("OPTIONS", "/bucket/k").anonymous().header("origin", "https://x")).await;
    assert_eq!(preflight.fault(), (403, "AccessForbidden"));
}
