//! `api-specs/swift.yaml` against the table of the Swift face's routes: operations, parameters, bodies.
//! `tests/swift_front/specification.rs` asks the front itself for each status.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cardea::swift::{Line, ROUTES};

use super::openapi::{self, Specified, set};
use crate::root;

/// What every operation of the storage API reads.
const EVERYWHERE: [&str; 1] = ["X-Trans-Id-Extra"];

/// Parameters that are read so as to refuse them: archives, temporary URLs, the administrator's part of
/// `/info`.
const REFUSED: [&str; 5] =
    ["extract-archive", "swiftinfo_expires", "swiftinfo_sig", "temp_url_expires", "temp_url_sig"];

/// The file of the headers that are refused because what they ask for is not there yet.
const REFUSES: &str = "unavailable.rs";

/// S3's headers mean nothing on this face; the code says so.
const OF_S3: &str = "x-amz-";

fn specified() -> Vec<Specified> {
    openapi::operations("swift")
}

fn line(operation: &Specified) -> &'static Line {
    ROUTES.iter().find(|line| line.operation_id == operation.id).unwrap()
}

#[test]
fn the_operations_are_those_of_the_routes() {
    let triple = |id: &str, method: &str, path: &str| (id.to_owned(), method.to_owned(), path.to_owned());
    let routed: BTreeSet<_> =
        ROUTES.iter().map(|line| triple(line.operation_id, line.method, line.path)).collect();
    let specified: BTreeSet<_> = specified()
        .iter()
        .map(|operation| triple(&operation.id, &operation.method, &operation.path))
        .collect();
    assert_eq!(routed, specified);
}

#[test]
fn each_operation_has_the_parameters_of_its_row() {
    for operation in specified() {
        let line = line(&operation);
        let id = &operation.id;
        assert_eq!(operation.names("query"), set(line.query()), "{id}: the query");
        let mut headers = operation.names("header");
        headers.retain(|name| !EVERYWHERE.contains(&name.as_str()));
        assert_eq!(headers, set(line.headers()), "{id}: the headers");
        let in_path = operation.path.split(['{', '}']).skip(1).step_by(2);
        assert_eq!(operation.names("path"), set(in_path), "{id}: the path");
    }
}

#[test]
fn each_operation_has_the_body_of_its_row() {
    for operation in specified() {
        assert_eq!(operation.has_body, line(&operation).has_body, "{}", operation.id);
    }
}

#[test]
fn each_guarded_operation_says_how_it_refuses() {
    for operation in specified().iter().filter(|operation| !operation.is_open) {
        for status in ["400", "401", "403", "404"] {
            assert!(operation.statuses.contains(status), "{} does not say {status}", operation.id);
        }
    }
}

/// The code of the front's files, without comments and tests.
fn code() -> Vec<(PathBuf, String)> {
    fn visit(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = lines.collect::<Vec<_>>().join("\n");
                found.push((path, code));
            }
        }
    }
    let mut found = Vec::new();
    visit(&root().join("src/swift"), &mut found);
    assert!(found.len() > 50);
    found
}

/// The literals that stand directly behind a text.
fn literals_behind(code: &str, text: &str) -> Vec<String> {
    let behind = code.split(text).skip(1);
    behind.filter_map(|rest| rest.strip_prefix('"')?.split('"').next().map(str::to_owned)).collect()
}

#[test]
fn every_parameter_that_the_code_reads_is_in_a_row() {
    let mut read = BTreeSet::new();
    for (_, code) in code() {
        for reader in ["parameter(", ".has(", ".all(", "given("] {
            read.extend(literals_behind(&code, reader));
        }
    }
    let mut known: BTreeSet<_> = ROUTES.iter().flat_map(Line::query).map(str::to_owned).collect();
    known.extend(REFUSED.map(str::to_owned));
    // The names of a page, which are also checked together, and the manifest's, which has a constant.
    read.extend(
        ["multipart-manifest", "extract-archive", "temp_url_sig", "temp_url_expires"].map(str::to_owned),
    );
    assert_eq!(read, known);
}

#[test]
fn every_header_that_the_code_names_is_specified() {
    let specification = fs::read_to_string(root().join("api-specs/swift.yaml")).unwrap().to_lowercase();
    let mut names = 0;
    for (path, code) in code().into_iter().filter(|(path, _)| !path.ends_with(REFUSES)) {
        let literals = code.split('"').skip(1).step_by(2);
        for literal in literals.filter(|literal| literal.starts_with("x-") && *literal != OF_S3) {
            names += 1;
            let literal = literal.split('{').next().unwrap();
            assert!(specification.contains(literal), "{}: {literal} is not specified", path.display());
        }
    }
    assert!(names > 30, "{names}");
}
