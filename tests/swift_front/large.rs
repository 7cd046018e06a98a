use serde_json::json;

use super::world::{Answer, GOOD, KEY, OTHER, World};

const PUT: &str = "/c/large?multipart-manifest=put";

async fn world() -> World {
    let world = World::with_container().await;
    world.ask("PUT", "/s", &[], b"").await;
    for (name, body) in [("1", "hello "), ("2", "large "), ("3", "world")] {
        assert_eq!(world.ask("PUT", &format!("/s/p/{name}"), &[], body.as_bytes()).await.status, 201);
    }
    world
}

fn manifest() -> Vec<u8> {
    json!([{"path": "/s/p/1"}, {"path": "/s/p/2", "range": "0-4"}, {"data": "IA=="}, {"path": "s/p/3"}])
        .to_string()
        .into_bytes()
}

async fn put(world: &World, headers: &[(&str, &str)]) -> Answer {
    let answer = world.ask("PUT", PUT, headers, &manifest()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer
}

#[tokio::test]
async fn a_static_large_object() {
    let world = world().await;
    let made = put(&world, &[("content-type", "text/plain")]).await;
    let etag = made.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.len() == 34, "{etag}");
    let got = world.ask("GET", "/c/large", &[], b"").await;
    assert_eq!((got.status, got.text().as_str()), (200, "hello large world"));
    for (name, value) in [
        ("etag", Some(etag.as_str())),
        ("x-static-large-object", Some("True")),
        ("content-type", Some("text/plain")),
        ("content-length", Some("17")),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let part = world.ask("GET", "/c/large", &[("range", "bytes=4-13"), ("if-range", &etag)], b"").await;
    assert_eq!((part.status, part.text().as_str()), (206, "o large wo"));
    let several = world.ask("GET", "/c/large", &[("range", "bytes=0-0,5-7")], b"").await;
    assert_eq!(several.status, 206);
    assert!(several.text().contains("bytes 5-7/17"));

    let wrong = world.ask("PUT", PUT, &[("etag", "d41d8cd98f00b204e9800998ecf8427e")], &manifest()).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(world.ask("PUT", PUT, &[("etag", &etag)], &manifest()).await.status, 201);

    world.ask("PUT", "/s/p/3", &[], b"other").await;
    assert_eq!(world.ask("GET", "/c/large", &[("range", "bytes=12-")], b"").await.status, 409);
}

#[tokio::test]
async fn a_manifest_is_read_itself() {
    let world = world().await;
    put(&world, &[]).await;
    let got = world.ask("GET", "/c/large?multipart-manifest=get", &[], b"").await;
    assert_eq!(got.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(got.header("x-static-large-object"), Some("True"));
    let list = got.json();
    assert_eq!(list[0]["name"], "/s/p/1");
    assert_eq!(list[0]["bytes"], 6);
    assert_eq!(list[1]["range"], "0-4");
    assert_eq!(list[2]["data"], "IA==");
    let head = world.ask("HEAD", "/c/large?multipart-manifest=get", &[], b"").await;
    assert_eq!(head.header("content-length"), got.header("content-length"));
    let etag = got.header("etag").unwrap();
    let same = world.ask("GET", "/c/large?multipart-manifest=get", &[("if-none-match", etag)], b"").await;
    assert_eq!(same.status, 304);

    let raw = world.ask("GET", "/c/large?multipart-manifest=get&format=raw", &[], b"").await;
    assert_eq!(raw.json()[0]["path"], "/s/p/1");
    let again = world.ask("PUT", "/c/again?multipart-manifest=put", &[], &raw.body).await;
    assert_eq!(again.status, 201, "{}", again.text());
    assert_eq!(world.ask("GET", "/c/again", &[], b"").await.text(), "hello large world");
    assert_eq!(world.ask("GET", "/s/p/1?multipart-manifest=get", &[], b"").await.text(), "hello ");
}

#[tokio::test]
async fn bad_manifests_are_refused() {
    let world = world().await;
    let refused = async |body: &'static str, headers: &[(&str, &str)]| {
        let answer = world.ask("PUT", PUT, headers, body.as_bytes()).await;
        (answer.status, answer.text())
    };
    assert_eq!(refused("hello", &[]).await, (400, "Manifest must be valid JSON.\n".into()));
    let bad = r#"[{"path":"/s/p/1","etag":"x"},{"path":"/s/nö"}]"#;
    assert_eq!(
        refused(bad, &[]).await,
        (400, "Errors:\n/s/p/1, Etag Mismatch\n/s/n%C3%B6, 404 Not Found\n".into())
    );
    let (status, text) = refused(bad, &[("accept", "application/json")]).await;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 400);
    assert_eq!(report, json!({"Errors": [["/s/p/1", "Etag Mismatch"], ["/s/n%C3%B6", "404 Not Found"]]}));
    let large = vec![b' '; (8 << 20) + 1];
    assert_eq!(world.ask("PUT", PUT, &[], &large).await.status, 413);
    let nowhere = world.ask("PUT", "/nowhere/o?multipart-manifest=put", &[], b"hello").await;
    assert_eq!(nowhere.status, 404);
    let plain = world.plain_token().await;
    let denied =
        world.send("PUT", &format!("/v1/AUTH_acct{PUT}"), &[("x-auth-token", &plain)], b"hello", true).await;
    assert_eq!(denied.status, 403);
    assert_eq!(refused("[]", &[]).await.0, 201);
    assert_eq!(world.ask("GET", "/c/large", &[], b"").await.text(), "");
}

#[tokio::test]
async fn a_heartbeat() {
    let world = world().await;
    let path = format!("{PUT}&heartbeat=on");
    let json = [("accept", "application/json")];
    let answer = world.ask("PUT", &path, &json, &manifest()).await;
    assert_eq!(answer.status, 202);
    let report = answer.json();
    assert_eq!(report["Response Status"], "201 Created");
    assert_eq!(report["Errors"], json!([]));
    assert_eq!(report["Etag"], world.ask("HEAD", "/c/large", &[], b"").await.header("etag").unwrap());
    let bad = world.ask("PUT", &path, &json, br#"[{"path":"/s/no"}]"#).await.json();
    assert_eq!(bad["Response Status"], "400 Bad Request");
    assert_eq!(bad["Errors"], json!([["/s/no", "404 Not Found"]]));
}

#[tokio::test]
async fn a_large_object_is_deleted_with_its_segments() {
    let world = world().await;
    put(&world, &[]).await;
    let json = [("accept", "application/json")];
    let left = world.ask("DELETE", "/s/p/1?multipart-manifest=delete", &json, b"").await;
    assert_eq!(left.status, 200);
    assert_eq!(left.json()["Errors"], json!([["/s/p/1", "Not an SLO manifest"]]));
    let report = world.ask("DELETE", "/c/large?multipart-manifest=delete", &json, b"").await.json();
    assert_eq!(report["Number Deleted"], 4);
    assert_eq!(report["Response Status"], "200 OK");
    let again = world.ask("DELETE", "/c/large?multipart-manifest=delete", &json, b"").await.json();
    assert_eq!((&again["Number Deleted"], &again["Number Not Found"]), (&json!(0), &json!(1)));
    assert_eq!(world.ask("GET", "/s", &[], b"").await.text(), "");
}

#[tokio::test]
async fn a_dynamic_large_object() {
    let world = world().await;
    let chunked = [("x-object-manifest", "s/p%2F"), ("transfer-encoding", "chunked")];
    assert_eq!(world.ask("PUT", "/c/dlo", &chunked, b"").await.status, 201);
    let got = world.ask("GET", "/c/dlo", &[], b"").await;
    assert_eq!(got.text(), "hello large world");
    assert_eq!(got.header("x-object-manifest"), Some("s/p%2F"));
    assert_eq!(got.header("x-static-large-object"), None);
    assert!(got.header("etag").unwrap().starts_with('"'));
    let own = world.ask("GET", "/c/dlo?multipart-manifest=get", &[], b"").await;
    assert_eq!((own.status, own.body.len()), (200, 0));
    assert_eq!(own.header("etag"), Some("d41d8cd98f00b204e9800998ecf8427e"));
    assert_eq!(own.header("x-object-manifest"), Some("s/p%2F"));
    for bad in ["s", "/p", "s/", "s/p?x", "s/p&x"] {
        let refused = world.ask("PUT", "/c/bad", &[("x-object-manifest", bad)], b"").await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.text(), "X-Object-Manifest must be in the format container/prefix");
    }
    assert_eq!(world.ask("POST", "/c/dlo", &[("x-object-meta-a", "b")], b"").await.status, 202);
    assert_eq!(world.ask("GET", "/c/dlo", &[], b"").await.text(), "");
    assert_eq!(world.ask("POST", "/c/dlo", &[("x-object-manifest", "s/p/")], b"").await.status, 202);
    assert_eq!(world.ask("GET", "/c/dlo", &[], b"").await.text(), "hello large world");
}

#[tokio::test]
async fn large_objects_have_keys() {
    let world = world().await;
    put(&world, &[(KEY, GOOD)]).await;
    assert_eq!(
        world.ask("PUT", "/c/dlo", &[("x-object-manifest", "s/p/"), (KEY, GOOD)], b"").await.status,
        201
    );
    for name in ["large", "dlo"] {
        let path = format!("/c/{name}");
        assert_eq!(world.ask("GET", &path, &[(KEY, GOOD)], b"").await.text(), "hello large world");
        assert_eq!(world.ask("GET", &path, &[(KEY, OTHER)], b"").await.status, 403);
        assert_eq!(world.ask("GET", &path, &[], b"").await.status, 400);
        let head = world.ask("HEAD", &path, &[], b"").await;
        assert_eq!((head.status, head.header("content-length")), (200, Some("17")), "{name}");
        assert_eq!(head.header("etag"), None);
        let shown = if name == "large" { "x-static-large-object" } else { "x-object-manifest" };
        assert!(head.header(shown).is_some(), "{name}");
    }
    // The segments came without a key, and have it now.
    assert_eq!(world.ask("GET", "/s/p/1", &[], b"").await.status, 400);
    let list = world.ask("GET", "/c/large?multipart-manifest=get", &[], b"").await.json();
    assert_eq!((&list[0]["name"], &list[0]["bytes"]), (&json!("/s/p/1"), &json!(6)));
    assert_ne!(list[0]["hash"], "f814893777bcc2295fff05f00e508da6");
    assert_eq!(list[2]["data"], json!(null));
}
