//! Buckets and listings.

use super::world::{Answer, REGION, World, call};

#[tokio::test]
async fn from_first_to_last() {
    let world = World::bare().await;
    let body = format!(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{REGION}\
         </LocationConstraint></CreateBucketConfiguration>"
    );
    let made = world.send(call("PUT", "/photos").body(body)).await.ok();
    assert_eq!(made.header("location"), Some("/photos"));
    assert_eq!(world.send(call("PUT", "/photos")).await.fault(), (409, "BucketAlreadyOwnedByYou"));
    let bobs = world.send(call("PUT", "/photos").signed_by("bob", "secret")).await;
    assert_eq!(bobs.fault(), (409, "BucketAlreadyExists"));
    for name in ["Photos", "v2.0", "ab", "alice-account:photos"] {
        assert_eq!(
            world.send(call("PUT", format!("/{name}"))).await.fault(),
            (400, "InvalidBucketName"),
            "{name}"
        );
    }
    let elsewhere = "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint>\
                     </CreateBucketConfiguration>";
    let answer = world.send(call("PUT", "/photos2").body(elsewhere)).await;
    assert_eq!(answer.fault(), (400, "IllegalLocationConstraintException"));
    assert_eq!(world.send(call("PUT", "/photos2").body("<a")).await.fault(), (400, "MalformedXML"));

    let listed = world.send(call("GET", "/")).await.ok();
    assert_eq!(listed.element("Name"), Some("photos"));
    assert_eq!(listed.element("DisplayName"), Some("alice &amp; co"));
    assert_eq!(listed.element("ID"), Some("alice-account"));

    let head = world.send(call("HEAD", "/photos")).await.ok();
    assert_eq!(head.header("x-amz-bucket-region"), Some(REGION));
    assert_eq!(world.send(call("HEAD", "/nothing-here")).await.fault(), (404, "NoSuchBucket"));
    let other =
        world.send(call("HEAD", "/photos").header("x-amz-expected-bucket-owner", "bob-account")).await;
    assert_eq!(other.fault(), (403, "AccessDenied"));
    let location = world.send(call("GET", "/photos?location")).await.ok();
    assert!(location.text().ends_with(&format!(">{REGION}</LocationConstraint>")), "{}", location.text());

    let owned = world.send(call("HEAD", "/alice-account:photos")).await;
    assert_eq!(owned.status, 200);
    let virtual_host = world.send(call("HEAD", "/").host("photos.s3.example.com")).await;
    assert_eq!(virtual_host.status, 200);

    world.send(call("PUT", "/photos/k").body("x")).await.ok();
    assert_eq!(world.send(call("DELETE", "/photos")).await.fault(), (409, "BucketNotEmpty"));
    world.send(call("DELETE", "/photos/k")).await.ok();
    assert_eq!(world.send(call("DELETE", "/photos")).await.status, 204);
    assert_eq!(world.send(call("GET", "/photos")).await.fault(), (404, "NoSuchBucket"));
}

#[tokio::test]
async fn unset_settings_answer_as_on_s3() {
    let world = World::new().await;
    for (sub, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("tagging", "NoSuchTagSet"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("cors", "NoSuchCORSConfiguration"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
        ("inventory&id=x", "NoSuchConfiguration"),
    ] {
        let answer = world.send(call("GET", format!("/bucket?{sub}"))).await;
        assert_eq!(answer.fault(), (404, code), "{sub}");
        assert_eq!(answer.element("BucketName"), Some("bucket"));
        let none = world.send(call("GET", format!("/nothing-here?{sub}"))).await;
        assert_eq!(none.fault(), (404, "NoSuchBucket"), "{sub}");
    }
    for (sub, piece) in [
        ("versioning", "<VersioningConfiguration"),
        ("acl", "<Permission>FULL_CONTROL</Permission>"),
        ("encryption", "<SSEAlgorithm>AES256</SSEAlgorithm>"),
        ("logging", "<BucketLoggingStatus"),
        ("notification", "<NotificationConfiguration"),
        ("requestPayment", "<Payer>BucketOwner</Payer>"),
        ("accelerate", "<AccelerateConfiguration"),
        ("abac", "<Status>Disabled</Status>"),
        ("inventory", "<IsTruncated>false</IsTruncated>"),
    ] {
        let answer = world.send(call("GET", format!("/bucket?{sub}"))).await.ok();
        assert!(answer.text().contains(piece), "{sub}: {}", answer.text());
        let other = world.send(call("GET", format!("/bucket?{sub}")).signed_by("bob", "secret")).await;
        assert_eq!(other.fault(), (403, "AccessDenied"), "{sub}");
    }
}

fn keys(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let pieces = text.split("<Key>").skip(1).chain(text.split("<CommonPrefixes><Prefix>").skip(1));
    pieces.map(|piece| piece.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn listings() {
    let world = World::new().await;
    for key in ["a", "b/1", "b/2", "b//3", "c%20d", "%C3%BC"] {
        world.send(call("PUT", format!("/bucket/{key}")).body("x")).await.ok();
    }
    let all = world.send(call("GET", "/bucket?list-type=2")).await.ok();
    assert_eq!(keys(&all), ["a", "b//3", "b/1", "b/2", "c d", "ü"]);
    assert_eq!(all.element("KeyCount"), Some("6"));
    let rolled = world.send(call("GET", "/bucket?list-type=2&delimiter=/")).await.ok();
    assert_eq!(keys(&rolled), ["a", "c d", "ü", "b/"]);
    let encoded = world
        .send(call("GET", "/bucket?list-type=2&start-after=b/2&encoding-type=url&fetch-owner=true"))
        .await;
    assert_eq!(keys(&encoded), ["c%20d", "%C3%BC"]);
    assert_eq!(encoded.element("ID"), Some("alice-account"));

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page =
            world.send(call("GET", format!("/bucket?list-type=2&max-keys=2&delimiter=/{token}"))).await.ok();
        seen.extend(keys(&page));
        let Some(next) = page.element("NextContinuationToken") else { break };
        token = format!("&continuation-token={next}");
    }
    assert_eq!(seen, ["a", "b/", "c d", "ü"]);

    let v1 = world.send(call("GET", "/bucket?prefix=b/&marker=b/1&max-keys=1")).await.ok();
    assert_eq!(keys(&v1), ["b/2"]);
    assert_eq!(
        world.send(call("GET", "/bucket?list-type=2&max-keys=0")).await.ok().element("KeyCount"),
        Some("0")
    );
    for query in ["list-type=2&max-keys=x", "list-type=2&continuation-token=x", "encoding-type=x"] {
        assert_eq!(
            world.send(call("GET", format!("/bucket?{query}"))).await.fault(),
            (400, "InvalidArgument")
        );
    }
    assert_eq!(world.send(call("GET", "/bucket?unknown=1")).await.fault(), (501, "NotImplemented"));
}
