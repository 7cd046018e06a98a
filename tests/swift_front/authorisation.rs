//! The caller is authorised before a fault in the request is reported: for every operation of the face,
//! whatever the body and the other faults are.

use cardea::swift::{Line, ROUTES};

use super::world::{Answer, KEY, World};

/// Operations that anybody may ask for, and that touch nobody's data.
const FOR_EVERYBODY: [&str; 8] = [
    "getInfo",
    "headInfo",
    "optionsInfo",
    "getHealthcheck",
    "headHealthcheck",
    "optionsAccount",
    "optionsContainer",
    "optionsObject",
];

/// Operations of the account. They need no container, and so none can be missing.
const OF_THE_ACCOUNT: [&str; 3] = ["getAccount", "headAccount", "postAccount"];

/// Makes the container that it names.
const MAKES_ITS_CONTAINER: &str = "putContainer";

/// Operations whose list names the containers: a report says what became of each.
const WITH_A_REPORT: [&str; 2] = ["bulkDelete", "bulkDeleteByDelete"];

const NAMES_IN_C: &[u8] = b"c/o\nc";

/// What is wrong with a request, and what its container's owner is told.
type Fault = (&'static str, &'static [(&'static str, &'static str)], u16);

const NO_ACCEPT: &[(&str, &str)] = &[("accept", "garbage")];
const BAD_KEY: &[(&str, &str)] = &[(KEY, "bad!")];
const RESERVED_KEY: &[(&str, &str)] = &[("x-object-meta-encryption-other", "x")];

/// The ways in which a request for an operation can be wrong.
fn faults(operation_id: &str) -> &'static [Fault] {
    match operation_id {
        "getAccount" => &[("?limit=10001", &[], 412), ("", NO_ACCEPT, 400), ("", RESERVED_KEY, 400)],
        "postAccount" => &[
            ("", &[("x-account-access-control", "{")], 400),
            ("", &[("x-account-meta-", "empty name")], 400),
            ("", RESERVED_KEY, 400),
        ],
        "getContainer" => &[
            ("?limit=10001", &[], 412),
            ("?versions&format=xml", &[], 406),
            ("?versions&version_marker=1", &[], 400),
            ("?marker=%00", &[], 400),
            ("", NO_ACCEPT, 400),
            ("", RESERVED_KEY, 400),
        ],
        "putContainer" | "postContainer" => &[
            ("", &[("x-versions-enabled", "maybe")], 400),
            ("", &[("x-container-read", ".r:*")], 400),
            ("", &[("x-container-meta-", "empty name")], 400),
            ("", RESERVED_KEY, 400),
        ],
        "deleteContainer" => &[("", RESERVED_KEY, 400)],
        "getObject" | "headObject" => &[
            ("?version-id=x", &[], 400),
            ("?multipart-manifest=get&version-id=x", &[], 400),
            ("", BAD_KEY, 400),
            ("", RESERVED_KEY, 400),
        ],
        "putObject" => &[
            ("?multipart-manifest=put", &[("transfer-encoding", "gzip")], 400),
            ("?multipart-manifest=put&heartbeat=on", BAD_KEY, 400),
            ("?multipart-manifest=put", &[("if-none-match", "x")], 400),
            ("?version-id=x", &[], 400),
            ("?version-id=null", &[("content-length", "7")], 400),
            ("", &[("content-length", "x")], 400),
            ("", &[("content-length", "5368709121")], 413),
            ("", &[("if-none-match", "x")], 400),
            ("", &[("etag", "bogus")], 422),
            ("", &[("x-delete-at", "soon")], 400),
            ("", &[("x-object-manifest", "c")], 400),
            ("", &[("x-static-large-object", "true")], 400),
            ("", &[("x-symlink-target", "c/o")], 400),
            ("", &[("x-copy-from", "c")], 412),
            ("?multipart-manifest=put", &[("x-copy-from", "c/o")], 400),
            ("", BAD_KEY, 400),
            ("", RESERVED_KEY, 400),
        ],
        "postObject" => &[
            ("?version-id=null", &[], 400),
            ("", &[("x-delete-after", "-1")], 400),
            ("", &[("x-object-meta-", "empty name")], 400),
            ("", BAD_KEY, 400),
            ("", RESERVED_KEY, 400),
        ],
        "deleteObject" => &[
            ("?version-id=x", &[], 400),
            ("?multipart-manifest=delete", NO_ACCEPT, 400),
            ("", BAD_KEY, 400),
            ("", RESERVED_KEY, 400),
        ],
        "copyObject" => &[
            ("", &[], 412),
            ("", &[("destination", "c")], 412),
            ("?multipart-manifest=put", &[("destination", "c/o2")], 400),
            ("?version-id=x", &[("destination", "c/o2")], 400),
            ("", &[("destination", "c/o2"), ("range", "bytes=0-0,2-2")], 400),
            ("", &[("destination", "c/o2"), ("x-object-manifest", "c/o")], 400),
            ("", RESERVED_KEY, 400),
        ],
        "headAccount" | "headContainer" | "bulkDelete" | "bulkDeleteByDelete" => {
            &[("", NO_ACCEPT, 400), ("", RESERVED_KEY, 400)]
        }
        other => panic!("say here how a request for {other} can be wrong"),
    }
}

/// Bodies that no operation takes for a good one, the last of them longer than any document may be.
fn bodies() -> Vec<Vec<u8>> {
    let broken: [&[u8]; 5] = [b"", b"{", br#"[{"path": 1}]"#, br#"[{"path": "/none/o"}]"#, b"\xff\0"];
    let mut bodies: Vec<_> = broken.map(<[u8]>::to_vec).into();
    bodies.push(vec![b'['; (8 << 20) + 1]);
    bodies
}

/// The lines that are about somebody's data.
fn guarded() -> impl Iterator<Item = &'static Line> {
    ROUTES.iter().filter(|line| !FOR_EVERYBODY.contains(&line.operation_id))
}

/// The path of a line's operation, below the account.
fn path(line: &Line, container: &str) -> String {
    let path = line.path.strip_prefix("/v1/{account}").unwrap();
    let path = path.replace("#bulk-delete", "?bulk-delete");
    path.replace("{container}", container).replace("{object}", "o")
}

/// The path with a fault's query.
fn with_query(path: &str, query: &str) -> String {
    if path.contains('?') { path.to_owned() + &query.replace('?', "&") } else { path.to_owned() + query }
}

async fn world() -> World {
    let world = World::with_container().await;
    assert_eq!(world.ask("PUT", "/c/o", &[], b"hello").await.status, 201);
    world
}

async fn ask(
    world: &World,
    token: Option<&str>,
    line: &Line,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut all: Vec<_> = token.map(|token| ("x-auth-token", token)).into_iter().collect();
    all.extend(headers);
    world.send(line.method, &format!("/v1/AUTH_acct{path}"), &all, body, true).await
}

/// Every way to ask for an operation that this file knows: as it is meant, and with each fault.
fn ways(line: &Line) -> impl Iterator<Item = Fault> {
    let meant: Fault = ("", &[], 0);
    std::iter::once(meant).chain(faults(line.operation_id).iter().copied())
}

#[test]
fn the_lists_above_name_operations_that_exist() {
    let named = FOR_EVERYBODY.into_iter().chain(OF_THE_ACCOUNT).chain(WITH_A_REPORT);
    for operation in named.chain([MAKES_ITS_CONTAINER]) {
        assert!(ROUTES.iter().any(|line| line.operation_id == operation), "{operation}");
    }
}

#[tokio::test]
async fn an_owner_learns_of_every_fault() {
    let world = world().await;
    for line in guarded() {
        for &(query, headers, status) in faults(line.operation_id) {
            let path = with_query(&path(line, "c"), query);
            let answer = ask(&world, Some(&world.token), line, &path, headers, b"").await;
            assert_eq!(answer.status, status, "{} {path} {headers:?}", line.method);
        }
    }
}

#[tokio::test]
async fn a_caller_without_rights_learns_of_no_fault() {
    let world = world().await;
    let (stranger, plain) = (world.stranger_token().await, world.plain_token().await);
    for line in guarded().filter(|line| !WITH_A_REPORT.contains(&line.operation_id)) {
        for container in ["c", "none"] {
            for (query, headers, _) in ways(line) {
                let path = with_query(&path(line, container), query);
                for body in bodies() {
                    let shown = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
                    for token in [&stranger, &plain] {
                        let answer = ask(&world, Some(token), line, &path, headers, &body).await;
                        assert_eq!(answer.status, 403, "{} {path} {headers:?} {shown}", line.method);
                    }
                    let answer = ask(&world, None, line, &path, headers, &body).await;
                    assert_eq!(answer.status, 401, "{} {path} {headers:?} {shown}", line.method);
                }
            }
        }
    }
    assert_eq!(world.ask("GET", "/c/o", &[], b"").await.text(), "hello");
}

#[tokio::test]
async fn a_missing_container_is_reported_before_any_fault() {
    let world = world().await;
    let needs_none = |line: &Line| {
        let operation = line.operation_id;
        OF_THE_ACCOUNT.contains(&operation)
            || WITH_A_REPORT.contains(&operation)
            || operation == MAKES_ITS_CONTAINER
    };
    for line in guarded().filter(|line| !needs_none(line)) {
        for (query, headers, _) in ways(line) {
            let path = with_query(&path(line, "none"), query);
            for body in bodies() {
                let answer = ask(&world, Some(&world.token), line, &path, headers, &body).await;
                assert_eq!(answer.status, 404, "{} {path} {headers:?}", line.method);
            }
        }
    }
    // Of a large object's segments there is a report, and it says so too.
    let gone = world.ask("DELETE", "/none/o?multipart-manifest=delete", &[], b"").await;
    assert!(gone.status == 200 && gone.text().contains("Number Not Found: 1\n"), "{}", gone.text());
}

#[tokio::test]
async fn a_report_says_that_the_caller_has_no_rights() {
    let world = world().await;
    let (stranger, plain) = (world.stranger_token().await, world.plain_token().await);
    let mut lists = bodies();
    lists.extend([
        NAMES_IN_C.to_vec(),
        b"none/o\nnone".to_vec(),
        b"c/o\n".repeat(10_001),
        vec![b'x'; (16 << 20) + 1],
    ]);
    for line in guarded().filter(|line| WITH_A_REPORT.contains(&line.operation_id)) {
        let path = path(line, "c");
        for list in &lists {
            for content_type in ["text/plain", "application/json"] {
                let headers = [("content-type", content_type)];
                for token in [&stranger, &plain] {
                    let answer = ask(&world, Some(token), line, &path, &headers, list).await;
                    let is_said = answer.status == 200 && answer.text().contains("403 Forbidden");
                    assert!(is_said, "{path} {content_type}: {}", answer.text());
                }
                assert_eq!(ask(&world, None, line, &path, &headers, list).await.status, 401);
            }
        }
        for &(_, headers, _) in faults(line.operation_id) {
            assert_eq!(ask(&world, Some(&stranger), line, &path, headers, b"").await.status, 403);
            assert_eq!(ask(&world, None, line, &path, headers, b"").await.status, 401);
        }
        let missing = ask(&world, Some(&world.token), line, &path, &[], b"none/o\nnone").await;
        assert!(missing.text().contains("Number Not Found: 2\n"), "{}", missing.text());
    }
    assert_eq!(world.ask("GET", "/c/o", &[], b"").await.text(), "hello");
}
