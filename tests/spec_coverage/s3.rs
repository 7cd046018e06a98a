//! `api-specs/s3.yaml` against the rows of S3's operations. That each status comes is for the front's own
//! tests.

use std::collections::BTreeSet;

use cardea::s3::route::{Conditions, On, Row, Rules, S3Operation, Takes};
use cardea::s3::testing::accepts;

use super::openapi::{Specified, operations, set};
use crate::rows;

/// The operations that are served, each with its row and what the specification says.
fn served() -> impl Iterator<Item = (&'static Row, Rules, Specified)> {
    operations("s3").into_iter().map(|operation| {
        let named = S3Operation::ALL.iter().find(|known| known.name() == operation.id);
        let row = named.unwrap_or_else(|| panic!("{} has no row", operation.id)).row();
        (row, row.served.unwrap_or_else(|| panic!("{} is not served", operation.id)), operation)
    })
}

/// The sub-resources and marks that a path names in its fragment.
fn marks(operation: &Specified) -> impl Iterator<Item = &str> {
    let fragment = operation.path.split_once('#').map_or("", |(_, fragment)| fragment);
    fragment.split('&').filter(|mark| !mark.is_empty()).map(|mark| mark.split('=').next().unwrap())
}

/// The conditional headers that an operation evaluates.
fn evaluated(conditions: Conditions) -> &'static [&'static str] {
    match conditions {
        Conditions::Evaluated => &["if-match", "if-modified-since", "if-none-match", "if-unmodified-since"],
        Conditions::EtagsEvaluated => &["if-match", "if-none-match"],
        Conditions::IfMatchEvaluated => &["if-match"],
        Conditions::Refused | Conditions::CachingIgnored => &[],
    }
}

#[test]
fn the_operations_are_those_of_the_rows() {
    let (served, not_served): (Vec<S3Operation>, Vec<_>) =
        S3Operation::ALL.iter().partition(|operation| operation.row().served.is_some());
    let names = |operations: &[S3Operation]| set(operations.iter().map(|operation| operation.name()));
    let specified = operations("s3");
    assert_eq!(names(&served), set(specified.iter().map(|operation| operation.id.as_str())));
    let rows = rows("s3");
    let refused = rows.iter().filter(|(_, row)| row.status == "refused").map(|(name, _)| name.as_str());
    assert_eq!(names(&not_served), set(refused));
}

#[test]
fn each_operation_has_the_method_and_the_parameters_of_its_row() {
    for (row, _, operation) in served() {
        assert_eq!(operation.method, row.method, "{}", operation.id);
        let mut parameters = operation.names("query");
        parameters.extend(marks(&operation).filter(|mark| !mark.starts_with("x-amz-")).map(str::to_owned));
        assert_eq!(parameters, set(row.parameters()), "{}", operation.id);
    }
}

#[test]
fn each_operation_takes_the_headers_that_are_specified() {
    for (row, rules, operation) in served() {
        let mut headers: BTreeSet<_> =
            operation.names("header").into_iter().map(|name| name.to_lowercase()).collect();
        headers.extend(marks(&operation).filter(|mark| mark.starts_with("x-amz-")).map(str::to_owned));
        // Customers' keys are lifted out of the headers before the table is asked.
        for header in headers.iter().filter(|name| name.starts_with("x-amz-") && !name.contains("-customer-"))
        {
            let header = header.replace("-if-*", "-if-match").replace('*', "crc32");
            assert!(accepts(row, &header), "{} refuses {header}", operation.id);
        }
        let is_condition = |name: &&String| name.starts_with("if-") && *name != "if-range";
        let conditions: Vec<_> = headers.iter().filter(is_condition).collect();
        assert_eq!(conditions, evaluated(rules.conditions), "{}", operation.id);
    }
}

#[test]
fn each_operation_has_the_body_of_its_row() {
    for (_, rules, operation) in served() {
        let (has_body, is_required) = match rules.takes {
            Takes::Nothing | Takes::EmptyBody => (false, false),
            Takes::OptionalDocument => (true, false),
            Takes::Object | Takes::Document | Takes::DocumentWithDigest | Takes::PartList => (true, true),
        };
        let said = (operation.has_body, operation.body_is_required);
        assert_eq!(said, (has_body, is_required), "{}", operation.id);
    }
}

/// No specification promises a success that cannot come, and each says how the operation is refused.
#[test]
fn each_operation_has_the_statuses_of_its_row() {
    for (row, rules, operation) in served() {
        let said: BTreeSet<u16> = operation.statuses.iter().map(|status| status.parse().unwrap()).collect();
        let successes = |statuses: &mut dyn Iterator<Item = u16>| -> BTreeSet<u16> {
            statuses.filter(|status| *status < 400).collect()
        };
        let (specified, known) =
            (successes(&mut said.iter().copied()), successes(&mut rules.answers.iter().copied()));
        assert_eq!(specified, known, "{}", operation.id);

        let mut errors: BTreeSet<u16> =
            rules.answers.iter().copied().filter(|status| *status >= 400).collect();
        if matches!(row.on, On::Bucket | On::Object) && row.operation != S3Operation::CreateBucket {
            errors.extend([403, 404]);
        }
        if !evaluated(rules.conditions).is_empty() {
            errors.insert(412);
        }
        match rules.takes {
            Takes::Nothing | Takes::EmptyBody => {}
            Takes::Object => errors.extend([400, 411]),
            Takes::Document | Takes::OptionalDocument | Takes::DocumentWithDigest | Takes::PartList => {
                errors.insert(400);
            }
        }
        assert!(errors.is_subset(&said), "{}: {errors:?} in {said:?}", operation.id);
    }
}
