use super::world::World;

#[tokio::test]
async fn a_containers_life() {
    let world = World::new().await;
    assert_eq!(world.ask("HEAD", "/c", &[], b"").await.status, 404);
    assert_eq!(world.ask("POST", "/c", &[("x-container-meta-a", "1")], b"").await.status, 404);
    assert_eq!(world.ask("PUT", "/c", &[("x-container-meta-a", "1")], b"").await.status, 201);
    assert_eq!(world.ask("PUT", "/c", &[("x-container-meta-b", "2")], b"").await.status, 202);
    assert_eq!(world.ask("POST", "/c", &[("x-container-meta-a", "")], b"").await.status, 204);
    let head = world.ask("HEAD", "/c", &[], b"").await;
    assert_eq!(head.status, 204);
    assert_eq!(head.header("x-container-meta-a"), None);
    assert_eq!(head.header("x-container-meta-b"), Some("2"));
    assert_eq!(head.header("x-storage-policy"), Some("Policy-0"));
    assert_eq!(head.header("x-container-object-count"), Some("0"));
    assert_eq!(world.ask("PUT", "/c/o", &[], b"x").await.status, 201);
    assert_eq!(world.ask("DELETE", "/c", &[], b"").await.status, 409);
    assert_eq!(world.ask("DELETE", "/c/o", &[], b"").await.status, 204);
    assert_eq!(world.ask("DELETE", "/c", &[], b"").await.status, 204);
    assert_eq!(world.ask("DELETE", "/c", &[], b"").await.status, 404);
}

#[tokio::test]
async fn a_setting_that_is_not_enforced_is_not_stored() {
    let world = World::new().await;
    for header in
        [("x-container-read", ".r:*"), ("x-storage-policy", "gold"), ("x-versions-enabled", "maybe")]
    {
        assert_eq!(world.ask("PUT", "/c", &[header], b"").await.status, 400, "{header:?}");
        assert_eq!(world.ask("HEAD", "/c", &[], b"").await.status, 404);
    }
    assert_eq!(world.ask("PUT", "/c", &[("x-storage-policy", "policy-0")], b"").await.status, 201);
    assert_eq!(world.ask("POST", "/c", &[("x-container-read", "")], b"").await.status, 204);
}

#[tokio::test]
async fn the_sum_of_metadata_is_limited() {
    let world = World::with_container().await;
    let names: Vec<_> = (0..91).map(|i| format!("x-container-meta-{i}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
    assert_eq!(world.ask("POST", "/c", &headers[..50], b"").await.status, 204);
    assert_eq!(world.ask("POST", "/c", &headers[50..90], b"").await.status, 204);
    let over = world.ask("PUT", "/c", &headers[90..], b"").await;
    assert_eq!((over.status, over.text().as_str()), (400, "Too many metadata items; max 90"));
}

#[tokio::test]
async fn listings() {
    let world = World::with_container().await;
    for name in ["a", "b/1", "b/2", "b/c/3", "d"] {
        assert_eq!(world.ask("PUT", &format!("/c/{name}"), &[], b"xy").await.status, 201);
    }
    for (query, expected) in [
        ("", "a\nb/1\nb/2\nb/c/3\nd\n"),
        ("?delimiter=/", "a\nb/\nd\n"),
        ("?delimiter=/&prefix=b/", "b/1\nb/2\nb/c/\n"),
        ("?delimiter=/&marker=b/", "d\n"),
        ("?delimiter=/&marker=b/1", "d\n"),
        ("?marker=b/1&limit=2", "b/2\nb/c/3\n"),
        ("?end_marker=b/2", "a\nb/1\n"),
        ("?reverse=1&delimiter=/", "d\nb/\na\n"),
        ("?reverse=1&marker=b/2", "b/1\na\n"),
        ("?limit=-1&prefix=d", "d\n"),
    ] {
        let answer = world.ask("GET", &format!("/c{query}"), &[], b"").await;
        assert_eq!((answer.status, answer.text().as_str()), (200, expected), "{query}");
    }
    for query in ["?limit=0", "?prefix=zz", "?marker=d"] {
        assert_eq!(world.ask("GET", &format!("/c{query}"), &[], b"").await.status, 204, "{query}");
    }
    let over = world.ask("GET", "/c?limit=10001", &[], b"").await;
    assert_eq!((over.status, over.text().as_str()), (412, "Maximum limit is 10000"));

    let json = world.ask("GET", "/c?format=json&delimiter=/", &[], b"").await;
    assert_eq!(json.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(json.header("vary"), None);
    let rows = json.json();
    assert_eq!(rows[1], serde_json::json!({"subdir": "b/"}));
    assert_eq!(rows[0]["hash"], "3e44107170a520582ade522fa73c1d15");
    assert_eq!(
        (&rows[0]["bytes"], &rows[0]["content_type"]),
        (&2.into(), &"application/octet-stream".into())
    );
    assert_eq!(rows[0]["last_modified"].as_str().unwrap().len(), 26);

    let xml = world.ask("GET", "/c?prefix=d", &[("accept", "application/xml")], b"").await;
    assert!(xml.text().starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<container name=\"c\"><object><name>d</name>"
    ));
    assert_eq!(xml.header("vary"), Some("Accept"));
    assert_eq!(world.ask("GET", "/c", &[("accept", "image/png")], b"").await.status, 406);
    assert_eq!(world.ask("GET", "/c?path=b", &[], b"").await.text(), "b/1\nb/2\n");
    assert_eq!(world.ask("GET", "/c?path=", &[], b"").await.text(), "a\nd\n");
    for name in ["b/", "b/c/"] {
        assert_eq!(world.ask("PUT", &format!("/c/{name}"), &[], b"").await.status, 201);
    }
    assert_eq!(world.ask("GET", "/c?path=b/", &[], b"").await.text(), "b/1\nb/2\nb/c/\n");
    assert_eq!(world.ask("GET", "/c?path=b&limit=1&marker=b/1", &[], b"").await.text(), "b/2\n");
    assert_eq!(world.ask("GET", "/c?path=b&limit=1&reverse=1", &[], b"").await.text(), "b/c/\n");
    assert_eq!(world.ask("GET", "/c?path=", &[], b"").await.text(), "a\nb/\nd\n");
    assert_eq!(world.ask("GET", "/none", &[], b"").await.status, 404);
}
