//! The statuses of `api-specs/swift.yaml`: no test of this face sees another one, and each of them occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cardea::http::body::BodyError;
use futures_util::stream;
use poem::Body;
use serde_yaml_ng::Value;

use super::world::{Answer, World};

/// What only a race with another writer brings.
const OF_RACES: [(&str, u16); 1] = [("postObject", 409)];

/// The id and the statuses of each operation, by its method and path.
type Statuses = BTreeMap<(String, String), (String, BTreeSet<u16>)>;

static STATUSES: LazyLock<Statuses> = LazyLock::new(|| {
    let document: Value = serde_yaml_ng::from_str(include_str!("../../api-specs/swift.yaml")).unwrap();
    let mut statuses = BTreeMap::new();
    for (path, item) in document["paths"].as_mapping().unwrap() {
        for (method, operation) in item.as_mapping().unwrap() {
            // OpenAPI has no word for COPY.
            let method = method.as_str().unwrap().trim_start_matches("x-").to_uppercase();
            let Some(id) = operation["operationId"].as_str() else { continue };
            let responses = operation["responses"].as_mapping().unwrap().keys();
            let of_operation = responses.map(|status| status.as_str().unwrap().parse().unwrap()).collect();
            let path = path.as_str().unwrap().to_owned();
            statuses.insert((method, path), (id.to_owned(), of_operation));
        }
    }
    statuses
});

/// The specified path of a request's target.
fn path(method: &str, target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !path.starts_with("/v1/") {
        return path.to_owned();
    }
    let is_bulk = query.split('&').any(|one| one.split('=').next() == Some("bulk-delete"));
    if is_bulk && ["POST", "DELETE"].contains(&method) {
        return "/v1/{account}#bulk-delete".to_owned();
    }
    let mut parts = path.trim_start_matches("/v1/").splitn(3, '/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (_, None, _) => "/v1/{account}",
        (_, _, None) => "/v1/{account}/{container}",
        _ => "/v1/{account}/{container}/{object}",
    }
    .to_owned()
}

/// Fails where an operation answered with a status that it does not promise.
pub fn check(method: &str, target: &str, status: u16) {
    let Some((id, statuses)) = STATUSES.get(&(method.to_owned(), path(method, target))) else {
        assert_eq!(status, 405, "{method} {target} is not specified");
        return;
    };
    assert!(statuses.contains(&status), "{id} does not promise {status}: {method} {target}");
}

struct Stage {
    world: World,
    stranger: String,
    reseller: String,
    asked: BTreeSet<(String, u16)>,
}

impl Stage {
    async fn new() -> Self {
        let world = World::with_container().await;
        let (stranger, reseller) = (world.stranger_token().await, world.reseller_token().await);
        Self { world, stranger, reseller, asked: BTreeSet::new() }
    }

    /// Notes that an operation answered with this status.
    fn note(&mut self, method: &str, target: &str, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        let (id, _) = &STATUSES[&(method.to_owned(), path(method, target))];
        self.asked.insert((id.clone(), status));
    }

    /// A request of the owner below the account.
    async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], status: u16) {
        let answer = self.world.ask(method, path, headers, body).await;
        self.note(method, &format!("/v1/AUTH_acct{path}"), &answer, status);
    }

    /// A request of anybody to anywhere.
    async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], status: u16) {
        let answer = self.world.send(method, target, headers, b"", true).await;
        self.note(method, target, &answer, status);
    }
}

/// A name that no request may use, with which every operation on somebody's data answers 400.
const RESERVED: (&str, &str) = ("x-object-meta-encryption-other", "x");
const IMAGE: &[(&str, &str)] = &[("accept", "image/png")];

/// What the operations on data have in common.
async fn refusals(stage: &mut Stage) {
    for (method, path) in STATUSES.keys() {
        let Some(below) = path.strip_prefix("/v1/{account}").filter(|_| method != "OPTIONS") else {
            continue;
        };
        let below = below
            .replace("#bulk-delete", "?bulk-delete")
            .replace("{container}", "none")
            .replace("{object}", "o");
        let (stranger, reseller) = (stage.stranger.clone(), stage.reseller.clone());
        let (stranger, reseller) = (("x-auth-token", stranger.as_str()), ("x-auth-token", reseller.as_str()));
        let (ours, missing) = (format!("/v1/AUTH_acct{below}"), format!("/v1/AUTH_missing{below}"));
        stage
            .send(
                method,
                &ours.replace("none", "c"),
                &[("x-auth-token", &stage.world.token.clone()), RESERVED],
                400,
            )
            .await;
        stage.send(method, &ours, &[], 401).await;
        stage.send(method, &ours, &[stranger, RESERVED], 403).await;
        stage.send(method, &missing, &[reseller, RESERVED], 404).await;
    }
}

async fn services(stage: &mut Stage) {
    for method in ["GET", "HEAD"] {
        stage.send(method, "/info", &[], 200).await;
        stage.send(method, "/info?swiftinfo_sig=0", &[], 403).await;
        stage.send(method, "/healthcheck", &[], 200).await;
    }
    stage.send("OPTIONS", "/info", &[], 200).await;
    let preflight = [("origin", "http://x"), ("access-control-request-method", "GET")];
    for path in ["/v1/AUTH_acct", "/v1/AUTH_acct/c", "/v1/AUTH_acct/c/o"] {
        stage.send("OPTIONS", path, &[], 200).await;
        stage.send("OPTIONS", path, &preflight, 401).await;
    }
}

async fn accounts_and_containers(stage: &mut Stage) {
    for path in ["", "/c"] {
        stage.ask("GET", &format!("{path}?format=json"), &[], b"", 200).await;
        stage.ask("GET", &format!("{path}?limit=0"), &[], b"", 204).await;
        stage.ask("GET", &format!("{path}?limit=10001"), &[], b"", 412).await;
        stage.ask("GET", path, IMAGE, b"", 406).await;
        stage.ask("HEAD", path, &[], b"", 204).await;
        stage.ask("HEAD", path, IMAGE, b"", 406).await;
        stage.ask("POST", path, &[], b"", 204).await;
    }
    for method in ["POST", "DELETE"] {
        stage.ask(method, "?bulk-delete", &[], b"none", 200).await;
        stage.ask(method, "?bulk-delete", IMAGE, b"none", 406).await;
    }
    stage.ask("PUT", "/new", &[], b"", 201).await;
    stage.ask("PUT", "/new", &[], b"", 202).await;
    stage.ask("PUT", "/new/o", &[], b"", 201).await;
    stage.ask("DELETE", "/new", &[], b"", 409).await;
    stage.ask("DELETE", "/new/o", &[], b"", 204).await;
    stage.ask("DELETE", "/new", &[], b"", 204).await;
}

async fn reads(stage: &mut Stage) {
    stage.ask("PUT", "/c/o", &[], b"hello", 201).await;
    for method in ["GET", "HEAD"] {
        stage.ask(method, "/c/o", &[], b"", 200).await;
        stage.ask(method, "/c/o", &[("if-none-match", "*")], b"", 304).await;
        stage.ask(method, "/c/o", &[("if-match", "x")], b"", 412).await;
    }
    stage.ask("GET", "/c/o", &[("range", "bytes=1-2")], b"", 206).await;
    stage.ask("GET", "/c/o", &[("range", "bytes=9-")], b"", 416).await;
    stage.ask("POST", "/c/o", &[], b"", 202).await;
}

async fn writes(stage: &mut Stage) {
    let manifest = br#"[{"path": "/c/o"}]"#;
    stage.ask("PUT", "/c/large?multipart-manifest=put&heartbeat=on", &[], manifest, 202).await;
    stage.ask("PUT", "/c/o", &[("if-none-match", "*")], b"", 412).await;
    stage.ask("PUT", "/c/o", &[("content-length", "5368709121")], b"", 413).await;
    stage.ask("PUT", "/c/o", &[("etag", "bogus")], b"", 422).await;
    stage.ask("PUT", "/c/o", &[("content-length", "9")], b"hello", 499).await;
    let token = stage.world.token.clone();
    let target = "/v1/AUTH_acct/c/o";
    let bare = stage.world.send_body("PUT", target, &[("x-auth-token", &token)], Body::empty(), true).await;
    stage.note("PUT", target, &bare, 411);
    let stalled = Body::from_bytes_stream(stream::iter([Err::<bytes::Bytes, _>(BodyError::Stalled)]));
    let chunked = [("x-auth-token", token.as_str()), ("transfer-encoding", "chunked")];
    let stalled = stage.world.send_body("PUT", target, &chunked, stalled, true).await;
    stage.note("PUT", target, &stalled, 408);
    let beyond = ("range", "bytes=9-");
    stage.ask("PUT", "/c/copy", &[("x-copy-from", "c/o"), beyond], b"", 416).await;
    stage.ask("COPY", "/c/o", &[("destination", "c/copy"), beyond], b"", 416).await;
    stage.ask("COPY", "/c/o", &[("destination", "c/copy")], b"", 201).await;
    stage.ask("COPY", "/c/o", &[], b"", 412).await;
}

async fn large_objects(stage: &mut Stage) {
    // A thousand times the same segment: more than may be written at once, of few bytes.
    stage.ask("PUT", "/c/segment", &[], &vec![0; 6 << 20], 201).await;
    let manifest = format!("[{}]", vec![r#"{"path":"/c/segment"}"#; 1000].join(","));
    stage.ask("PUT", "/c/huge?multipart-manifest=put", &[], manifest.as_bytes(), 201).await;
    stage.ask("COPY", "/c/huge", &[("destination", "c/copy")], b"", 413).await;
    // A segment that is another one now.
    stage.ask("PUT", "/c/o", &[], b"other", 201).await;
    stage.ask("GET", "/c/large", &[], b"", 409).await;
    stage.ask("COPY", "/c/large", &[("destination", "c/copy")], b"", 409).await;
    stage.ask("PUT", "/c/copy", &[("x-copy-from", "c/large")], b"", 409).await;
    stage.ask("DELETE", "/c/huge?multipart-manifest=delete", &[], b"", 200).await;
}

#[tokio::test]
async fn every_promised_status_occurs() {
    let mut stage = Stage::new().await;
    services(&mut stage).await;
    refusals(&mut stage).await;
    accounts_and_containers(&mut stage).await;
    reads(&mut stage).await;
    writes(&mut stage).await;
    large_objects(&mut stage).await;
    let promised: BTreeSet<_> = STATUSES
        .values()
        .flat_map(|(id, statuses)| statuses.iter().map(|status| (id.clone(), *status)))
        .filter(|(id, status)| !OF_RACES.contains(&(id.as_str(), *status)))
        .collect();
    assert_eq!(promised.difference(&stage.asked).collect::<Vec<_>>(), Vec::<&(String, u16)>::new());
}
