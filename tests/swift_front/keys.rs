use super::world::{GOOD, KEY, OTHER, World};

const ALGORITHM: &str = "x-object-meta-encryption-algorithm";

#[tokio::test]
async fn each_request_with_each_key_has_its_answer() {
    let world = World::with_container().await;
    let sealed =
        [(KEY, GOOD), (ALGORITHM, "AES256"), ("x-object-meta-mtime", "1.5"), ("x-object-meta-secret", "s")];
    let put = world.ask("PUT", "/c/sealed", &sealed, b"hello").await;
    assert_eq!(put.status, 201);
    assert_eq!(put.header("etag"), Some("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(put.header(ALGORITHM), Some("AES256"));
    assert_eq!(put.header(KEY), None);
    world.ask("PUT", "/c/plain", &[], b"hello").await;

    let ask = async |method: &'static str, name: &'static str, headers: &[(&str, &str)]| {
        world.ask(method, &format!("/c/{name}"), headers, b"").await
    };
    // With the key.
    for method in ["GET", "HEAD"] {
        let answer = ask(method, "sealed", &[(KEY, GOOD)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("etag"), Some("5d41402abc4b2a76b9719d911017c592"));
        assert_eq!(answer.header("x-object-meta-secret"), Some("s"));
        assert_eq!(answer.header(ALGORITHM), Some("AES256"));
        assert_eq!(answer.header(KEY), None);
    }
    assert_eq!(ask("GET", "sealed", &[(KEY, GOOD)]).await.text(), "hello");
    // Without.
    assert_eq!(ask("GET", "sealed", &[]).await.status, 400);
    assert_eq!(ask("GET", "sealed", &[(ALGORITHM, "AES256")]).await.status, 400);
    let head = ask("HEAD", "sealed", &[(ALGORITHM, "AES256")]).await;
    assert_eq!(head.status, 200);
    for (name, value) in [
        ("content-length", Some("5")),
        ("content-type", Some("application/octet-stream")),
        ("x-object-meta-mtime", Some("1.5")),
        (ALGORITHM, Some("AES256")),
        ("x-object-meta-secret", None),
        ("etag", None),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
    // With another.
    for method in ["GET", "HEAD", "POST"] {
        assert_eq!(ask(method, "sealed", &[(KEY, OTHER)]).await.status, 403, "{method}");
    }
    // Where there is none.
    for method in ["GET", "HEAD", "POST"] {
        assert_eq!(ask(method, "plain", &[(KEY, GOOD)]).await.status, 400, "{method}");
        let status = if method == "POST" { 202 } else { 200 };
        assert_eq!(ask(method, "plain", &[(ALGORITHM, "AES256")]).await.status, status, "{method}");
    }
    // POST needs none.
    assert_eq!(ask("POST", "sealed", &[("x-object-meta-new", "n")]).await.status, 202);
    assert_eq!(ask("POST", "sealed", &[(KEY, GOOD), ("x-object-meta-new", "n")]).await.status, 202);
    assert_eq!(ask("GET", "sealed", &[(KEY, GOOD)]).await.text(), "hello");
    // The listing says nothing.
    let rows = world.ask("GET", "/c?format=json&prefix=sealed", &[], b"").await.json();
    assert_eq!(rows[0]["hash"].as_str().unwrap().len(), 32);
    assert_ne!(rows[0]["hash"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(ask("DELETE", "sealed", &[(KEY, GOOD), (ALGORITHM, "AES256")]).await.status, 204);
}

#[tokio::test]
async fn bad_keys_are_refused() {
    let world = World::with_container().await;
    for headers in [
        &[(KEY, "bad!")][..],
        &[(KEY, "c2hvcnQ=")],
        &[(KEY, GOOD), (KEY, GOOD)],
        &[(KEY, GOOD), (ALGORITHM, "AES128")],
        &[(ALGORITHM, "AES256")],
        &[("x-object-meta-encryption-key-md5", "AAAAAAAAAAAAAAAAAAAAAA==")],
        &[("x-object-meta-encryption-other", "x")],
        &[("x-copy-from-encryption-key", GOOD)],
    ] {
        let answer = world.ask("PUT", "/c/o", headers, b"hello").await;
        assert_eq!(answer.status, 400, "{headers:?}");
        assert!(!answer.text().contains(GOOD));
    }
    assert_eq!(world.ask("HEAD", "/c/o", &[], b"").await.status, 404);
}

#[tokio::test]
async fn keys_are_taken_only_over_tls() {
    let world = World::with_container().await;
    let headers = [("x-auth-token", world.token.as_str()), (KEY, GOOD)];
    assert_eq!(world.send("PUT", "/v1/AUTH_acct/c/o", &headers, b"hello", false).await.status, 400);
    assert_eq!(world.send("PUT", "/v1/AUTH_acct/c/o", &headers, b"hello", true).await.status, 201);
    assert_eq!(world.send("GET", "/v1/AUTH_acct/c/o", &headers, b"", false).await.status, 400);
}

#[tokio::test]
async fn accounts_and_containers_ignore_keys_and_never_store_them() {
    let world = World::with_container().await;
    let key = [(KEY, GOOD), (ALGORITHM, "AES256")];
    for (method, path, status) in [
        ("HEAD", "", 204),
        ("POST", "", 204),
        ("GET", "", 200),
        ("HEAD", "/c", 204),
        ("PUT", "/c", 202),
        ("POST", "/c", 204),
        ("GET", "/c", 204),
    ] {
        let answer = world.ask(method, path, &key, b"").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.headers.keys().all(|name| !name.as_str().contains("encryption")));
    }
    for name in [
        "x-container-meta-encryption-key",
        "x-account-meta-encryption-key",
        "x_container_meta_encryption_key",
    ] {
        assert_eq!(world.ask("POST", "/c", &[(name, GOOD)], b"").await.status, 400, "{name}");
        assert_eq!(world.ask("POST", "", &[(name, GOOD)], b"").await.status, 400, "{name}");
    }
}
