//! The requests of the S3 API reference, and what the table makes of them.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::s3::address::resolve;

/// Method, path and query, a header where one decides, and the operation.
fn reference() -> Vec<[&'static str; 4]> {
    let text = include_str!("../../../tests/vectors/s3/reference.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(' ').collect::<Vec<_>>().try_into().unwrap()).collect()
}

fn route(method: &str, uri: &str, header: &str) -> Result<&'static str, Fault> {
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    let mut headers = HeaderMap::new();
    if !header.is_empty() {
        headers
            .insert(HeaderName::from_bytes(header.as_bytes()).unwrap(), HeaderValue::from_static("/src/key"));
    }
    let resource = resolve("localhost", path, &[]).unwrap();
    let row = recognise(&method.parse().unwrap(), &resource, &Query::parse(query).unwrap(), &headers)?;
    Ok(row.operation.name())
}

#[test]
fn the_reference_is_recognised() {
    for [method, uri, header, operation] in reference() {
        let found = route(method, uri, header.trim_start_matches('-'))
            .unwrap_or_else(|fault| panic!("{method} {uri}: {fault:?}"));
        assert_eq!(found, operation, "{method} {uri}");
    }
}

#[test]
fn every_operation_has_a_line() {
    let reference = reference();
    for name in S3Operation::ALL.iter().map(|operation| operation.name()) {
        assert!(reference.iter().any(|[.., operation]| *operation == name), "{name}");
    }
}

#[test]
fn requests_of_no_operation_are_405_or_conflicts() {
    for (method, uri) in [
        ("POST", "/"),
        ("PUT", "/"),
        ("PATCH", "/example-bucket"),
        ("POST", "/example-bucket/key"),
        ("DELETE", "/example-bucket?acl"),
        ("HEAD", "/example-bucket?location"),
        ("PUT", "/example-bucket?policyStatus"),
        ("GET", "/example-bucket/key?uploads"),
    ] {
        assert!(matches!(route(method, uri, ""), Err(Fault::MethodNotAllowed { .. })), "{method} {uri}");
    }
    for uri in ["/example-bucket?acl&policy", "/example-bucket/key?tagging&acl"] {
        assert!(matches!(route("GET", uri, ""), Err(Fault::ConflictingQuery { .. })), "{uri}");
    }
}

/// The rows are found by their operation's number.
#[test]
fn rows_are_in_the_order_of_the_operations() {
    for (operation, row) in S3Operation::ALL.iter().zip(ROWS) {
        assert_eq!(row.operation, *operation);
        assert_eq!(operation.row().operation, *operation);
    }
    assert_eq!(ROWS.len(), S3Operation::ALL.len());
}

/// A write whose condition is ignored would change what its sender wanted to keep.
#[test]
fn no_write_ignores_a_condition() {
    for row in ROWS {
        let Some(rules) = row.served else { continue };
        let writes = ["PUT", "POST", "DELETE"].contains(&row.method);
        assert!(!writes || rules.conditions != Conditions::CachingIgnored, "{}", row.operation.name());
    }
}
