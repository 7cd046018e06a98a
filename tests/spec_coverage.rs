//! The specifications in `api-specs/`, the routes and the rows of `conformance.toml` say the same.

#![allow(clippy::unwrap_used, clippy::similar_names, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

mod spec_coverage {
    mod identity;
    mod openapi;
    mod s3;
    mod swift;
}

/// The faces, each with its specification.
const FACES: [&str; 4] = ["s3", "swift", "identity", "admin"];
/// OpenAPI has no word for COPY: it stands as `x-copy`.
const METHODS: [&str; 8] = ["get", "head", "put", "post", "delete", "options", "patch", "copy"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// An operation of a specification.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Specified {
    operation: String,
    method: String,
    path: String,
}

/// The operations of a face's specification.
fn specified(face: &str) -> BTreeSet<Specified> {
    let text = fs::read_to_string(root().join(format!("api-specs/{face}.yaml"))).unwrap();
    let document: Value = serde_yaml_ng::from_str(&text).unwrap();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_mapping().unwrap() {
        for (method, operation) in item.as_mapping().unwrap() {
            let method = method.as_str().unwrap().trim_start_matches("x-");
            if !METHODS.contains(&method) {
                continue;
            }
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{face}: {method} {path:?} has no id"));
            let new = operations.insert(Specified {
                operation: id.to_owned(),
                method: method.to_uppercase(),
                path: path.as_str().unwrap().to_owned(),
            });
            assert!(new, "{face}: {id} twice");
            assert!(
                operation["responses"].as_mapping().is_some_and(|r| !r.is_empty()),
                "{face}: {id} has no responses"
            );
        }
    }
    operations
}

fn names(operations: &BTreeSet<Specified>) -> BTreeSet<String> {
    operations.iter().map(|operation| operation.operation.clone()).collect()
}

/// A row of `conformance.toml`.
struct Row {
    status: String,
    reason: String,
    tests: Vec<String>,
}

/// The rows of a face, by operation.
fn rows(face: &str) -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("api-specs/conformance.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    let mut rows = BTreeMap::new();
    for row in document["operation"].as_array().unwrap() {
        let text = |field: &str| row.get(field).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        assert!(FACES.contains(&text("face").as_str()), "{row}: no such face");
        if text("face") != face {
            continue;
        }
        let tests = row.get("tests").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let row = Row {
            status: text("status"),
            reason: text("reason"),
            tests: tests.iter().map(|test| test.as_str().unwrap().to_owned()).collect(),
        };
        assert!(rows.insert(text("name"), row).is_none(), "{face}: {} twice", text("name"));
    }
    rows
}

#[test]
fn every_operation_has_its_row_and_every_row_its_operation() {
    for face in FACES {
        let served: BTreeSet<_> =
            rows(face).into_iter().filter(|(_, row)| row.status != "refused").map(|(name, _)| name).collect();
        assert_eq!(served, names(&specified(face)), "{face}: rows and specification");
    }
}

#[test]
fn every_row_says_what_holds_and_what_proves_it() {
    for face in FACES {
        for (name, row) in rows(face) {
            let at = format!("{face}: {name}");
            match row.status.as_str() {
                "supported" => assert!(row.reason.is_empty(), "{at} is supported: what is the reason for?"),
                "partial" | "refused" => assert!(!row.reason.is_empty(), "{at} wants a reason"),
                other => panic!("{at}: {other:?} is no status"),
            }
            assert!(!row.tests.is_empty(), "{at} wants a test");
            for test in &row.tests {
                assert!(exists(test), "{at}: there is no test {test}");
            }
        }
    }
}

/// Whether there is such a test: a file, or a function in a file as `path::name`.
fn exists(test: &str) -> bool {
    let (path, function) =
        test.split_once("::").map_or((test, None), |(path, function)| (path, Some(function)));
    let Ok(text) = fs::read_to_string(root().join(path)) else { return false };
    Path::new(path).starts_with("tests")
        && function.is_none_or(|name| {
            text.contains(&format!("def {name}(")) || text.contains(&format!("fn {name}("))
        })
}

/// The paths in a source file's code: its literals that begin with a slash, tests left out.
fn paths_in(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let literals = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2));
    literals.filter(|literal| literal.starts_with('/')).map(str::to_owned).collect()
}

/// `tests/identity/test_specification.py` compares the methods of these paths with the running program.
#[test]
fn management_has_the_paths_that_are_specified() {
    let specified: BTreeSet<_> = specified("admin").into_iter().map(|operation| operation.path).collect();
    assert_eq!(paths_in("src/server/management.rs"), specified);
}
