//! Requests to the front, and their answers.

mod specification;

use std::sync::Arc;
use std::time::Duration;

use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::{Value, json};

use super::{Front, KeystoneConfig, MAX_BODY, bad_request};
use crate::http::RequestContext;
use crate::identity::memory::{ManualClock, MemoryDirectory};

/// A request's context, as the door gives it.
pub(super) fn context() -> RequestContext {
    RequestContext {
        id: "tx0123".to_owned(),
        secure: true,
        peer: ([127, 0, 0, 1], 40000).into(),
        host: "h:8443".to_owned(),
        scheme_https: true,
    }
}

struct Stage {
    directory: Arc<MemoryDirectory>,
    clock: Arc<ManualClock>,
    front: Front,
}

struct Answer {
    status: StatusCode,
    headers: poem::http::HeaderMap,
    text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.into_bytes_limit(1 << 20).await.unwrap();
        Self { status: parts.status, headers: parts.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Stage {
    fn new() -> Self {
        let (directory, clock) = (MemoryDirectory::with_people(), ManualClock::new());
        let front = Front::new(directory.authenticator(&clock), KeystoneConfig::default());
        Self { directory, clock, front }
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Answer {
        self.send_to(&context().host, method, uri, headers, body).await
    }

    /// A request with this `Host`.
    async fn send_to(
        &self,
        host: &str,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Answer {
        let context = RequestContext { host: host.to_owned(), ..context() };
        let mut request = Request::builder().method(method.clone()).uri_str(uri).extension(context);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = Answer::of(self.front.call(request.body(body.into())).await.unwrap()).await;
        assert_eq!(answer.header("x-trans-id"), "tx0123");
        assert_eq!(answer.header("x-openstack-request-id"), "tx0123");
        specification::check(&method, uri, answer.status);
        answer
    }

    async fn get(&self, uri: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, uri, headers, "").await
    }

    async fn post(&self, uri: &str, body: &Value) -> Answer {
        self.send(Method::POST, uri, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn alice(&self) -> String {
        let answer = self.post("/v3/auth/tokens", &login("alice", "wonderland", Some("acct"))).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.header("x-subject-token").to_owned()
    }
}

/// The body that `swift --os-user-domain-name Default …` sends.
fn login(name: &str, password: &str, project: Option<&str>) -> Value {
    let domain = json!({"name": "Default"});
    let user = json!({"name": name, "password": password, "domain": domain});
    let mut auth = json!({"identity": {"methods": ["password"], "password": {"user": user}}});
    if let Some(project) = project {
        auth["scope"] = json!({"project": {"name": project, "domain": domain}});
    }
    json!({"auth": auth})
}

#[tokio::test]
async fn discovery() {
    let stage = Stage::new();
    let three = json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": "https://h:8443/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    });
    let all = stage.get("/", &[]).await;
    assert_eq!(all.status, StatusCode::MULTIPLE_CHOICES);
    assert_eq!(all.json()["versions"]["values"][0], three);
    for path in ["/v3", "/v3/"] {
        let answer = stage.get(path, &[("accept", "application/json")]).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"version": three})));
    }
    let two = stage.get("/v2.0", &[]).await;
    assert_eq!((two.status, &two.json()["version"]["id"]), (StatusCode::OK, &json!("v2.0")));
}

#[tokio::test]
async fn a_v3_login() {
    let stage = Stage::new();
    let answer = stage.post("/v3/auth/tokens", &login("alice", "wonderland", Some("acct"))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("content-type"), "application/json");
    let domain = json!({"id": "default", "name": "Default"});
    let mut token = answer.json()["token"].clone();
    let catalog = token["catalog"].take();
    assert_eq!(
        token,
        json!({
            "methods": ["password"],
            "user": {"id": "alice-id", "name": "alice", "domain": domain, "password_expires_at": null},
            "audit_ids": token["audit_ids"],
            "issued_at": "2030-01-01T12:00:00.000000Z",
            "expires_at": "2030-01-02T12:00:00.000000Z",
            "project": {"id": "acct-id", "name": "acct", "domain": domain},
            "is_domain": false,
            "roles": [{"id": "admin", "name": "admin"}],
            "catalog": null,
        })
    );
    assert_eq!(catalog[0]["type"], "object-store");
    assert_eq!(catalog[1]["type"], "identity");
    for (at, interface) in ["public", "internal", "admin"].iter().enumerate() {
        let endpoint = &catalog[0]["endpoints"][at];
        assert_eq!(endpoint["interface"], *interface);
        assert_eq!((&endpoint["region"], &endpoint["region_id"]), (&json!("RegionOne"), &json!("RegionOne")));
        assert_eq!(endpoint["url"], "https://h:8443/v1/AUTH_acct-id");
        assert_eq!(catalog[1]["endpoints"][at]["url"], "https://h:8443/v3");
    }
}

#[tokio::test]
async fn a_v3_login_without_a_catalog_or_without_a_project() {
    let stage = Stage::new();
    let answer = stage.post("/v3/auth/tokens?nocatalog", &login("alice", "wonderland", Some("acct"))).await;
    assert_eq!(answer.json()["token"].get("catalog"), None);
    let answer = stage.post("/v3/auth/tokens", &login("alice", "wonderland", None)).await;
    assert_eq!(answer.json()["token"]["project"]["id"], "acct-id", "her only project");
    let answer = stage.post("/v3/auth/tokens", &login("bob", "builder", None)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    for absent in ["project", "catalog", "roles"] {
        assert_eq!(answer.json()["token"].get(absent), None, "bob has two projects");
    }
}

#[tokio::test]
async fn refused_logins_all_look_alike() {
    let stage = Stage::new();
    let expected = json!({"error": {
        "code": 401,
        "title": "Unauthorized",
        "message": "The request you have made requires authentication.",
    }});
    for body in [
        login("alice", "wrong", Some("acct")),
        login("stranger", "wonderland", Some("acct")),
        login("alice", "wonderland", Some("other")),
        login("alice", "wonderland", Some("nowhere")),
        json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "forged"}}}}),
    ] {
        let answer = stage.post("/v3/auth/tokens", &body).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::UNAUTHORIZED, expected.clone()), "{body}");
        assert_eq!(answer.header("www-authenticate"), "Keystone uri=\"https://h:8443/v3\"");
    }
}

#[tokio::test]
async fn a_token_opens_another_project() {
    let stage = Stage::new();
    let unscoped = stage.post("/v3/auth/tokens", &login("bob", "builder", None)).await;
    let id = unscoped.header("x-subject-token");
    let scope = json!({"project": {"id": "other-id"}});
    let identity = json!({"methods": ["token"], "token": {"id": id}});
    let scoped =
        stage.post("/v3/auth/tokens", &json!({"auth": {"identity": identity, "scope": scope}})).await;
    assert_eq!(
        (scoped.status, &scoped.json()["token"]["project"]["name"]),
        (StatusCode::CREATED, &json!("other"))
    );
    let projects = stage.get("/v3/auth/projects", &[("x-auth-token", id)]).await.json();
    assert_eq!(
        (&projects["projects"][0]["id"], &projects["projects"][1]["id"]),
        (&json!("acct-id"), &json!("other-id"))
    );
    let catalog = stage.get("/v3/auth/catalog", &[("x-auth-token", scoped.header("x-subject-token"))]).await;
    assert_eq!(catalog.json()["catalog"][0]["endpoints"][0]["url"], "https://h:8443/v1/AUTH_other-id");
    assert_eq!(stage.get("/v3/auth/catalog", &[("x-auth-token", id)]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_are_validated_and_revoked() {
    let stage = Stage::new();
    let (one, two) = (stage.alice().await, stage.alice().await);
    let headers = [("x-auth-token", one.as_str()), ("x-subject-token", two.as_str())];
    let answer = stage.get("/v3/auth/tokens", &headers).await;
    assert_eq!((answer.status, answer.header("x-subject-token")), (StatusCode::OK, two.as_str()));
    assert_eq!(answer.json()["token"]["user"]["name"], "alice");
    assert_eq!(stage.send(Method::HEAD, "/v3/auth/tokens", &headers, "").await.status, StatusCode::OK);
    let answer = stage.send(Method::DELETE, "/v3/auth/tokens", &headers, "").await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(stage.get("/v3/auth/tokens", &headers).await.status, StatusCode::NOT_FOUND);
    let swapped = [("x-auth-token", two.as_str()), ("x-subject-token", one.as_str())];
    assert_eq!(stage.get("/v3/auth/tokens", &swapped).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.get("/v3/auth/tokens", &headers[..1]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.get("/v3/auth/tokens", &headers[1..]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_resellers_see_other_peoples_tokens() {
    let stage = Stage::new();
    let alice = stage.alice().await;
    for (role, expected) in [("member", StatusCode::FORBIDDEN), ("ResellerAdmin", StatusCode::OK)] {
        stage.directory.grant("bob-id", "acct-id", role);
        let bob = stage.post("/v3/auth/tokens", &login("bob", "builder", Some("acct"))).await;
        let headers = [("x-auth-token", bob.header("x-subject-token")), ("x-subject-token", alice.as_str())];
        assert_eq!(stage.get("/v3/auth/tokens", &headers).await.status, expected, "{role}");
    }
}

#[tokio::test]
async fn a_v2_login_under_both_urls() {
    let stage = Stage::new();
    let by_name = json!({"auth": {
        "passwordCredentials": {"username": "alice", "password": "wonderland"}, "tenantName": "acct",
    }});
    let by_id = json!({"auth": {
        "passwordCredentials": {"userId": "alice-id", "password": "wonderland"}, "tenantId": "acct-id",
    }});
    let alone = json!({"auth": {
        "passwordCredentials": {"username": "alice", "password": "wonderland"}, "tenantName": null,
    }});
    for (path, body) in [
        ("/v2.0/tokens", &by_name),
        ("/v3/tokens", &by_name),
        ("/v3/tokens", &by_id),
        ("/v2.0/tokens", &alone),
    ] {
        let answer = stage.post(path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path} {}", answer.text);
        let access = &answer.json()["access"];
        assert_eq!(access["token"]["expires"], "2030-01-02T12:00:00Z");
        assert_eq!(
            (&access["token"]["tenant"]["id"], &access["token"]["tenant"]["name"]),
            (&json!("acct-id"), &json!("acct"))
        );
        let service = &access["serviceCatalog"][0];
        assert_eq!((&service["type"], &service["name"]), (&json!("object-store"), &json!("swift")));
        let storage = "https://h:8443/v1/AUTH_acct-id";
        let (region, id) = ("RegionOne", "swift");
        assert_eq!(
            service["endpoints"],
            json!([{"id": id, "region": region, "publicURL": storage, "internalURL": storage, "adminURL": storage}])
        );
        assert_eq!((&access["user"]["id"], &access["user"]["name"]), (&json!("alice-id"), &json!("alice")));
        assert_eq!(access["user"]["roles"][0]["name"], "admin");
        let token = access["token"]["id"].as_str().unwrap();
        let headers = [("x-auth-token", token), ("x-subject-token", token)];
        assert_eq!(stage.get("/v3/auth/tokens", &headers).await.status, StatusCode::OK);
    }
    let wrong = json!({"auth": {"passwordCredentials": {"username": "alice", "password": "x"}, "tenantName": "acct"}});
    assert_eq!(stage.post("/v3/tokens", &wrong).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tempauth() {
    let stage = Stage::new();
    let mut tokens = Vec::new();
    for headers in [
        [("x-auth-user", "test:tester"), ("x-auth-key", "wonderland")],
        [("x-storage-user", "test:tester"), ("x-storage-pass", "wonderland")],
        [("x-auth-user", "alice"), ("x-auth-key", "wonderland")],
    ] {
        for path in ["/auth/v1.0", "/auth/v1"] {
            let answer = stage.get(path, &headers).await;
            assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
            assert_eq!(answer.header("x-storage-url"), "https://h:8443/v1/AUTH_acct-id");
            assert_eq!(answer.header("x-auth-token-expires"), "86400");
            assert_eq!(answer.header("x-auth-token"), answer.header("x-storage-token"));
            tokens.push(answer.header("x-auth-token").to_owned());
        }
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "the same token each time");
    stage.clock.advance(Duration::from_mins(10));
    let headers = [("x-auth-user", "test:tester"), ("x-auth-key", "wonderland")];
    let answer = stage.get("/auth/v1.0", &headers).await;
    assert_eq!(
        (answer.header("x-auth-token-expires"), answer.header("x-auth-token")),
        ("85800", tokens[0].as_str())
    );
}

#[tokio::test]
async fn tempauth_refuses_in_its_own_words() {
    let stage = Stage::new();
    for (headers, realm) in [
        (vec![("x-auth-user", "test:tester"), ("x-auth-key", "wrong")], "test"),
        (vec![("x-auth-user", "te\"st:tester"), ("x-auth-key", "wrong")], "te%22st"),
        (vec![("x-auth-user", "stranger"), ("x-auth-key", "wrong")], "unknown"),
        (vec![("x-auth-user", ":"), ("x-auth-key", "wrong")], "unknown"),
        (vec![("x-auth-user", "test:tester")], "test"),
        (vec![], "unknown"),
    ] {
        let answer = stage.get("/auth/v1.0", &headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), format!("Swift realm=\"{realm}\""));
        assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
    }
}

#[tokio::test]
async fn malformed_requests() {
    let stage = Stage::new();
    for path in ["/v3/auth/tokens", "/v2.0/tokens", "/v3/tokens"] {
        for body in [
            "",
            "{",
            "[]",
            "{}",
            "null",
            "{\"auth\": 1}",
            "{\"auth\": {}}",
            "\u{0}",
            "{\"auth\": {\"identity\": {}}}",
        ] {
            let answer = stage.send(Method::POST, path, &[], body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {body}");
            assert_eq!(
                (&answer.json()["error"]["code"], &answer.json()["error"]["title"]),
                (&json!(400), &json!("Bad Request"))
            );
        }
        let huge = " ".repeat(MAX_BODY + 1);
        assert_eq!(stage.send(Method::POST, path, &[], huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let secret = "{\"auth\": {\"identity\": {\"methods\": \"hunter2\"}}}";
    assert!(!stage.send(Method::POST, "/v3/auth/tokens", &[], secret).await.text.contains("hunter2"));
}

#[tokio::test]
async fn other_paths_and_methods() {
    let stage = Stage::new();
    let answer = stage.get("/v3/users", &[]).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (StatusCode::NOT_FOUND, &json!(404)));
    for (method, path, allow) in [
        (Method::PUT, "/v3/auth/tokens", "GET, HEAD, POST, DELETE"),
        (Method::GET, "/v3/tokens", "POST"),
        (Method::POST, "/auth/v1.0", "GET"),
        (Method::DELETE, "/", "GET"),
    ] {
        let answer = stage.send(method, path, &[], "").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, allow),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_bad_request_that_the_door_finds_has_keystones_form() {
    let answer = Answer::of(bad_request(&context(), "Two kinds of credentials.")).await;
    assert_eq!((answer.status, answer.header("x-trans-id")), (StatusCode::BAD_REQUEST, "tx0123"));
    assert_eq!(answer.json()["error"]["message"], "Two kinds of credentials.");
}
