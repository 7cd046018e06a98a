//! Reads what a specification says of its operations: parameters, bodies and statuses.

use std::collections::BTreeSet;
use std::fs;

use serde_yaml_ng::Value;

use crate::{METHODS, root};

/// An operation as it is specified, with the parameters of its path.
pub struct Specified {
    pub id: String,
    pub method: String,
    pub path: String,
    pub has_body: bool,
    pub body_is_required: bool,
    pub is_open: bool,
    pub parameters: Vec<(String, String)>,
    pub statuses: BTreeSet<String>,
}

impl Specified {
    /// The names of the parameters in one place: `path`, `query` or `header`.
    pub fn names(&self, place: &str) -> BTreeSet<String> {
        let of_place = self.parameters.iter().filter(|(r#in, _)| r#in == place);
        of_place.map(|(_, name)| name.clone()).collect()
    }
}

/// The operations of a face.
pub fn operations(face: &str) -> Vec<Specified> {
    let text = fs::read_to_string(root().join(format!("api-specs/{face}.yaml"))).unwrap();
    let document: Value = serde_yaml_ng::from_str(&text).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_mapping().unwrap() {
        let shared = parameters(&document, &item["parameters"]);
        for (method, operation) in item.as_mapping().unwrap() {
            // OpenAPI has no word for COPY.
            let method = method.as_str().unwrap().trim_start_matches("x-");
            if !METHODS.contains(&method) {
                continue;
            }
            let statuses = operation["responses"].as_mapping().unwrap().keys();
            found.push(Specified {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.as_str().unwrap().to_owned(),
                has_body: !operation["requestBody"].is_null(),
                body_is_required: operation["requestBody"]["required"].as_bool().unwrap_or(false),
                is_open: operation["security"].as_sequence().is_some_and(Vec::is_empty),
                parameters: [&shared[..], &parameters(&document, &operation["parameters"])].concat(),
                statuses: statuses.map(|status| status.as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    found
}

/// Where each parameter of a list is, and its name; references are followed.
fn parameters(document: &Value, list: &Value) -> Vec<(String, String)> {
    let list = list.as_sequence().map(Vec::as_slice).unwrap_or_default();
    let resolved = list.iter().map(|parameter| match parameter["$ref"].as_str() {
        Some(reference) => {
            let name = reference.strip_prefix("#/components/parameters/").unwrap();
            &document["components"]["parameters"][name]
        }
        None => parameter,
    });
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value:?}")).to_owned();
    resolved.map(|parameter| (text(&parameter["in"]), text(&parameter["name"]))).collect()
}

pub fn set<'s>(names: impl Iterator<Item = &'s str>) -> BTreeSet<String> {
    names.map(str::to_owned).collect()
}
