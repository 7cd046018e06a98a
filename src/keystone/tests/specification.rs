//! The statuses of `api-specs/identity.yaml`: no test of this front sees another one, and each occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use poem::http::{Method, StatusCode};
use serde_json::json;
use serde_yaml_ng::Value;

use super::{Stage, login};
use crate::keystone::{MAX_BODY, route};

/// The statuses of each operation, by its id.
static STATUSES: LazyLock<BTreeMap<String, BTreeSet<u16>>> = LazyLock::new(|| {
    let document: Value = serde_yaml_ng::from_str(include_str!("../../../api-specs/identity.yaml")).unwrap();
    let items = document["paths"].as_mapping().unwrap().values();
    let operations = items.flat_map(|item| item.as_mapping().unwrap().values());
    operations
        .map(|operation| {
            let statuses = operation["responses"].as_mapping().unwrap().keys();
            let statuses = statuses.map(|status| status.as_str().unwrap().parse().unwrap()).collect();
            (operation["operationId"].as_str().unwrap().to_owned(), statuses)
        })
        .collect()
});

fn operation(method: &Method, uri: &str) -> Option<&'static str> {
    let path = uri.split('?').next().unwrap();
    route::of_path(path).find(|line| line.method == method.as_str()).map(|line| line.operation_id)
}

/// Fails if an operation answered with a status that it does not promise.
pub(super) fn check(method: &Method, uri: &str, status: StatusCode) {
    let Some(id) = operation(method, uri) else {
        assert!([StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{uri}");
        return;
    };
    assert!(STATUSES[id].contains(&status.as_u16()), "{id} does not promise {status}");
}

#[tokio::test]
async fn every_promised_status_occurs() {
    let stage = Stage::new();
    let mut seen: BTreeSet<(String, u16)> = BTreeSet::new();
    let mut ask = async |method: &str, uri: &str, headers: &[(&str, &str)], body: String, expected: u16| {
        let method: Method = method.parse().unwrap();
        let answer = stage.send(method.clone(), uri, headers, body).await;
        assert_eq!(answer.status.as_u16(), expected, "{method} {uri}: {}", answer.text);
        seen.insert((operation(&method, uri).unwrap().to_owned(), expected));
    };
    let nothing = String::new;
    let good = login("alice", "wonderland", Some("acct")).to_string();
    let bad = login("alice", "wrong", Some("acct")).to_string();
    let two = |password: &str| {
        let credentials = json!({"username": "alice", "password": password});
        json!({"auth": {"passwordCredentials": credentials, "tenantName": "acct"}}).to_string()
    };
    ask("GET", "/", &[], nothing(), 300).await;
    for method in ["GET", "HEAD"] {
        ask(method, "/v3", &[], nothing(), 200).await;
        ask(method, "/v2.0", &[], nothing(), 200).await;
    }
    let long = " ".repeat(MAX_BODY + 1);
    ask("POST", "/v3/auth/tokens", &[], good, 201).await;
    ask("POST", "/v3/auth/tokens", &[], bad, 401).await;
    ask("POST", "/v3/auth/tokens", &[], long.clone(), 413).await;
    for path in ["/v2.0/tokens", "/v3/tokens"] {
        ask("POST", path, &[], two("wonderland"), 200).await;
        ask("POST", path, &[], two("wrong"), 401).await;
        ask("POST", path, &[], long.clone(), 413).await;
    }
    for path in ["/auth/v1.0", "/auth/v1"] {
        let user = ("x-auth-user", "test:tester");
        ask("GET", path, &[user, ("x-auth-key", "wonderland")], nothing(), 200).await;
        ask("GET", path, &[user, ("x-auth-key", "wrong")], nothing(), 401).await;
    }
    let (alice, other) = (stage.alice().await, stage.alice().await);
    let bob = stage.post("/v3/auth/tokens", &login("bob", "builder", None)).await;
    let bob = bob.header("x-subject-token").to_owned();
    let (alice, bob) = (("x-auth-token", alice.as_str()), ("x-auth-token", bob.as_str()));
    for method in ["GET", "HEAD", "DELETE"] {
        let subject = ("x-subject-token", other.as_str());
        let path = "/v3/auth/tokens";
        ask(method, path, &[subject], nothing(), 401).await;
        ask(method, path, &[bob, subject], nothing(), 403).await;
        ask(method, path, &[alice, ("x-subject-token", "none")], nothing(), 404).await;
        ask(method, path, &[alice, subject], nothing(), if method == "DELETE" { 204 } else { 200 }).await;
    }
    for method in ["GET", "HEAD"] {
        for path in ["/v3/auth/projects", "/v3/auth/catalog"] {
            ask(method, path, &[alice], nothing(), 200).await;
            ask(method, path, &[], nothing(), 401).await;
        }
        ask(method, "/v3/auth/catalog", &[bob], nothing(), 403).await;
    }
    for line in &route::ROUTES {
        let method = line.method.parse().unwrap();
        let answer = stage.send_to("no host", method, line.path, &[], "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", line.operation_id);
        seen.insert((line.operation_id.to_owned(), 400));
    }
    let promised = STATUSES
        .iter()
        .flat_map(|(id, statuses)| statuses.iter().map(|status| (id.clone(), *status)))
        .collect::<BTreeSet<_>>();
    assert_eq!(promised, seen);
}
