//! `api-specs/identity.yaml` against the table of the identity face's routes: operations, parameters, bodies.
//! `src/keystone/tests/specification.rs` asks the front itself for each status.

use std::collections::BTreeSet;

use cardea::keystone::ROUTES;

use super::openapi::{operations, set};

#[test]
fn the_operations_are_those_of_the_routes() {
    let triple = |id: &str, method: &str, path: &str| (id.to_owned(), method.to_owned(), path.to_owned());
    let routed: BTreeSet<_> =
        ROUTES.iter().map(|line| triple(line.operation_id, line.method, line.path)).collect();
    let specified: BTreeSet<_> = operations("identity")
        .iter()
        .map(|operation| triple(&operation.id, &operation.method, &operation.path))
        .collect();
    assert_eq!(routed, specified);
}

#[test]
fn each_operation_has_the_parameters_and_the_body_of_its_row() {
    for operation in operations("identity") {
        let line = ROUTES.iter().find(|line| line.operation_id == operation.id).unwrap();
        let id = &operation.id;
        assert_eq!(operation.names("query"), set(line.query.iter().copied()), "{id}: the query");
        assert_eq!(operation.names("header"), set(line.headers.iter().copied()), "{id}: the headers");
        assert_eq!(operation.has_body, line.has_body, "{id}: the body");
    }
}
