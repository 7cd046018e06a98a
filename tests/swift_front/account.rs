use super::world::World;

#[tokio::test]
async fn listing_and_counts() {
    let world = World::with_container().await;
    for name in ["a", "b%20b", "%C3%A9"] {
        assert_eq!(world.ask("PUT", &format!("/{name}"), &[], b"").await.status, 201);
    }
    assert_eq!(world.ask("PUT", "/a/o", &[], b"12345").await.status, 201);
    let head = world.ask("HEAD", "", &[], b"").await;
    assert_eq!(head.status, 204);
    for (name, value) in [
        ("x-account-container-count", "4"),
        ("x-account-object-count", "1"),
        ("x-account-bytes-used", "5"),
        ("x-account-storage-policy-policy-0-bytes-used", "5"),
        ("vary", "Accept"),
    ] {
        assert_eq!(head.header(name), Some(value), "{name}");
    }
    assert_eq!(world.ask("GET", "", &[], b"").await.text(), "a\nb b\nc\né\n");
    assert_eq!(world.ask("GET", "?reverse=true&marker=c", &[], b"").await.text(), "b b\na\n");
    assert_eq!(world.ask("GET", "?prefix=b", &[], b"").await.text(), "b b\n");
    assert_eq!(world.ask("GET", "?limit=1&marker=a&end_marker=c", &[], b"").await.text(), "b b\n");
    let json = world.ask("GET", "?format=json&limit=1", &[], b"").await.json();
    assert_eq!((&json[0]["name"], &json[0]["count"], &json[0]["bytes"]), (&"a".into(), &1.into(), &5.into()));
    assert_eq!(world.ask("GET", "?limit=10001", &[], b"").await.status, 412);
    assert_eq!(world.ask("GET", "?limit=0", &[], b"").await.status, 204);
    assert_eq!(world.ask("GET", "?delimiter=%20", &[], b"").await.text(), "a\nb \nc\né\n");
    assert_eq!(world.ask("GET", "?delimiter=%20&reverse=1&limit=2", &[], b"").await.text(), "é\nc\n");
}

#[tokio::test]
async fn metadata_is_merged() {
    let world = World::new().await;
    assert_eq!(
        world.ask("POST", "", &[("x-account-meta-a", "1"), ("x-account-meta-b", "é")], b"").await.status,
        204
    );
    let post = [("x-account-meta-c", "3"), ("x-remove-account-meta-a", "x")];
    assert_eq!(world.ask("POST", "", &post, b"").await.status, 204);
    let head = world.ask("HEAD", "", &[], b"").await;
    assert_eq!(head.header("x-account-meta-a"), None);
    assert_eq!(head.header("x-account-meta-b"), Some("é"));
    assert_eq!(head.header("x-account-meta-c"), Some("3"));
    assert_eq!(world.ask("POST", "", &[("x-account-meta-temp-url-key", "k")], b"").await.status, 400);
}
