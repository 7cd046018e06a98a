use super::world::World;

#[tokio::test]
async fn services_need_no_token() {
    let world = World::new().await;
    let info = world.send("GET", "/info", &[], b"", false).await;
    assert_eq!(info.status, 200);
    assert_eq!(info.json()["swift"]["container_listing_limit"], 10_000);
    assert_eq!(info.json()["swift"]["max_file_size"], 5u64 << 30);
    assert_eq!(info.json()["slo"]["max_manifest_segments"], 1000);
    assert_eq!(world.send("HEAD", "/info", &[], b"", false).await.status, 200);
    let health = world.send("GET", "/healthcheck", &[], b"", false).await;
    assert_eq!((health.status, health.text().as_str()), (200, "OK"));
}

#[tokio::test]
async fn tokens_open_their_account() {
    let world = World::with_container().await;
    let anonymous = world.send("GET", "/v1/AUTH_acct/c", &[], b"", true).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.header("www-authenticate"), Some("Swift realm=\"AUTH_acct\""));
    let bad = world.send("GET", "/v1/AUTH_acct/c", &[("x-auth-token", "bad")], b"", true).await;
    assert_eq!(bad.status, 401);
    let alias = world.send("GET", "/v1/AUTH_acct/c", &[("x-storage-token", &world.token)], b"", true).await;
    assert_eq!(alias.status, 204);
    let token = ("x-auth-token", world.token.as_str());
    for path in ["/v1/AUTH_other", "/v1/AUTH_other/c/o", "/v1/AUTH_none", "/v1/acct", "/v1/.x/c"] {
        assert_eq!(world.send("GET", path, &[token], b"", true).await.status, 403, "{path}");
        assert_eq!(world.send("GET", path, &[], b"", true).await.status, 401, "{path}");
    }
    let reader = world.plain_token().await;
    let plain = world.send("GET", "/v1/AUTH_acct/c", &[("x-auth-token", &reader)], b"", true).await;
    assert_eq!(plain.status, 403);
}

#[tokio::test]
async fn a_transaction_id_ends_with_the_clients_suffix() {
    let world = World::new().await;
    let extra = "needle in a haystack".repeat(3);
    let answer = world.send("GET", "/info", &[("x-trans-id-extra", &extra)], b"", true).await;
    assert_eq!(
        answer.header("x-trans-id"),
        Some("tx0123456789abcdef01234-00691fb4f0-needle%20in%20a%20haystackneedle%20in%20a%20")
    );
}

#[tokio::test]
async fn methods_and_options() {
    let world = World::with_container().await;
    let refused = world.ask("PUT", "", &[], b"").await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")));
    assert_eq!(world.ask("BREW", "/c/o", &[], b"").await.status, 405);
    let options = world.send("OPTIONS", "/v1/AUTH_acct/c/o", &[], b"", true).await;
    assert_eq!(
        (options.status, options.header("allow")),
        (200, Some("COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT"))
    );
    let preflight = [("origin", "http://x"), ("access-control-request-method", "GET")];
    assert_eq!(world.send("OPTIONS", "/v1/AUTH_acct/c/o", &preflight, b"", true).await.status, 401);
}

#[tokio::test]
async fn keys_never_come_in_urls() {
    let world = World::with_container().await;
    let answer = world.ask("GET", "/c/o?X-Object-Meta-Encryption-Key=secret", &[], b"").await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text().contains("secret"));
    assert_eq!(world.ask("GET", "/c?prefix=%ff", &[], b"").await.status, 400);
}
