//! Which operation a method on a path is: one table, read by the front, by `Allow` and by the API's specification.

use poem::http::Method;

use super::address::{Address, Level};
use super::error::Failure;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// `GET /info`
    Info,
    /// `GET /healthcheck`
    Healthcheck,
    /// Lists an account's containers.
    GetAccount,
    /// Describes an account.
    HeadAccount,
    /// Changes an account's metadata.
    PostAccount,
    /// Lists a container's objects.
    GetContainer,
    /// Describes a container.
    HeadContainer,
    /// Makes a container, or changes one.
    PutContainer,
    /// Changes a container's metadata.
    PostContainer,
    /// Deletes an empty container.
    DeleteContainer,
    /// Reads an object.
    GetObject,
    /// Describes an object.
    HeadObject,
    /// Writes an object.
    PutObject,
    /// Replaces an object's metadata.
    PostObject,
    /// Deletes an object.
    DeleteObject,
    /// Copies an object.
    CopyObject,
    /// Deletes what the body lists.
    BulkDelete,
    /// Says which methods there are.
    Options,
}

/// The paths of the API, as the specification writes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PathTemplate {
    Info,
    Healthcheck,
    Account,
    /// An account, with `?bulk-delete`. The path is the account's; the query makes the difference.
    Bulk,
    Container,
    Object,
}

/// A line of the table: the method, the path as the specification writes it, and its operation's id there.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The method.
    pub method: &'static str,
    /// The path's template.
    pub path: &'static str,
    /// The operation's id.
    pub operation_id: &'static str,
    route: Route,
    template: PathTemplate,
}

const fn line(
    method: &'static str,
    template: PathTemplate,
    operation_id: &'static str,
    route: Route,
) -> Line {
    let path = match template {
        PathTemplate::Info => "/info",
        PathTemplate::Healthcheck => "/healthcheck",
        PathTemplate::Account => "/v1/{account}",
        PathTemplate::Bulk => "/v1/{account}#bulk-delete",
        PathTemplate::Container => "/v1/{account}/{container}",
        PathTemplate::Object => "/v1/{account}/{container}/{object}",
    };
    Line { method, path, operation_id, route, template }
}

/// Every method on every path. The methods of a path are in the order in which `Allow` names them.
pub const ROUTES: [Line; 24] = [
    line("GET", PathTemplate::Info, "getInfo", Route::Info),
    line("HEAD", PathTemplate::Info, "headInfo", Route::Info),
    line("OPTIONS", PathTemplate::Info, "optionsInfo", Route::Options),
    line("GET", PathTemplate::Healthcheck, "getHealthcheck", Route::Healthcheck),
    line("HEAD", PathTemplate::Healthcheck, "headHealthcheck", Route::Healthcheck),
    line("GET", PathTemplate::Account, "getAccount", Route::GetAccount),
    line("HEAD", PathTemplate::Account, "headAccount", Route::HeadAccount),
    line("OPTIONS", PathTemplate::Account, "optionsAccount", Route::Options),
    line("POST", PathTemplate::Account, "postAccount", Route::PostAccount),
    line("DELETE", PathTemplate::Bulk, "bulkDeleteByDelete", Route::BulkDelete),
    line("POST", PathTemplate::Bulk, "bulkDelete", Route::BulkDelete),
    line("DELETE", PathTemplate::Container, "deleteContainer", Route::DeleteContainer),
    line("GET", PathTemplate::Container, "getContainer", Route::GetContainer),
    line("HEAD", PathTemplate::Container, "headContainer", Route::HeadContainer),
    line("OPTIONS", PathTemplate::Container, "optionsContainer", Route::Options),
    line("POST", PathTemplate::Container, "postContainer", Route::PostContainer),
    line("PUT", PathTemplate::Container, "putContainer", Route::PutContainer),
    line("COPY", PathTemplate::Object, "copyObject", Route::CopyObject),
    line("DELETE", PathTemplate::Object, "deleteObject", Route::DeleteObject),
    line("GET", PathTemplate::Object, "getObject", Route::GetObject),
    line("HEAD", PathTemplate::Object, "headObject", Route::HeadObject),
    line("OPTIONS", PathTemplate::Object, "optionsObject", Route::Options),
    line("POST", PathTemplate::Object, "postObject", Route::PostObject),
    line("PUT", PathTemplate::Object, "putObject", Route::PutObject),
];

/// Finds the operation, or says which methods there are.
pub fn resolve(method: &Method, address: &Address) -> Result<Route, Failure> {
    let template = template(address);
    ROUTES
        .iter()
        .find(|line| line.template == template && line.method == method.as_str())
        .map(|line| line.route)
        .ok_or_else(|| Failure::method_not_allowed(&allow(address)))
}

/// The methods there are on a path, for `Allow`.
pub fn allow(address: &Address) -> String {
    let template = template(address);
    let methods: Vec<_> =
        ROUTES.iter().filter(|line| line.template == template).map(|line| line.method).collect();
    methods.join(", ")
}

fn template(address: &Address) -> PathTemplate {
    match address {
        Address::Info => PathTemplate::Info,
        Address::Healthcheck => PathTemplate::Healthcheck,
        Address::Storage(path) => match path.level {
            Level::Account => PathTemplate::Account,
            Level::Container(_) => PathTemplate::Container,
            Level::Object(..) => PathTemplate::Object,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::swift::address;

    fn route(method: &str, path: &str) -> Result<Route, u16> {
        let address = address::parse(path).unwrap();
        resolve(&Method::from_bytes(method.as_bytes()).unwrap(), &address)
            .map_err(|failure| failure.status().as_u16())
    }

    /// The examples of the Object Storage API reference.
    #[test]
    fn the_manuals_examples() {
        const ACCOUNT: &str = "/v1/AUTH_d2ca87bb-a2ef-4d06-9c7a-0d6ce4c0a7d0";
        for (method, path, expected) in [
            ("GET", "", Route::GetAccount),
            ("HEAD", "", Route::HeadAccount),
            ("POST", "", Route::PostAccount),
            ("GET", "?limit=2&marker=marktwain", Route::GetAccount),
            ("GET", "/marktwain", Route::GetContainer),
            ("GET", "/marktwain?format=json", Route::GetContainer),
            ("PUT", "/steven", Route::PutContainer),
            ("POST", "/marktwain", Route::PostContainer),
            ("HEAD", "/marktwain", Route::HeadContainer),
            ("DELETE", "/steven", Route::DeleteContainer),
            ("GET", "/marktwain/goodbye", Route::GetObject),
            ("PUT", "/janeausten/helloworld.txt", Route::PutObject),
            ("PUT", "/marktwain/goodbye/", Route::PutObject),
            ("POST", "/marktwain/goodbye", Route::PostObject),
            ("HEAD", "/marktwain/goodbye", Route::HeadObject),
            ("DELETE", "/marktwain/helloworld", Route::DeleteObject),
            ("OPTIONS", "/marktwain/helloworld", Route::Options),
            ("COPY", "/marktwain/goodbye", Route::CopyObject),
        ] {
            let path = format!("{ACCOUNT}{}", path.split('?').next().unwrap());
            assert_eq!(route(method, &path), Ok(expected), "{method} {path}");
        }
        assert_eq!(route("GET", "/info"), Ok(Route::Info));
        assert_eq!(route("HEAD", "/healthcheck"), Ok(Route::Healthcheck));
    }

    #[test]
    fn other_methods_are_answered_with_the_ones_there_are() {
        for (method, path, expected) in [
            ("PUT", "/v1/a", "GET, HEAD, OPTIONS, POST"),
            ("DELETE", "/v1/a", "GET, HEAD, OPTIONS, POST"),
            ("PATCH", "/v1/a/c", "DELETE, GET, HEAD, OPTIONS, POST, PUT"),
            ("BREW", "/v1/a/c/o", "COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT"),
            ("POST", "/info", "GET, HEAD, OPTIONS"),
        ] {
            assert_eq!(route(method, path), Err(405));
            assert_eq!(allow(&address::parse(path).unwrap()), expected);
        }
    }

    #[test]
    fn the_specification_names_the_same_operations() {
        let text = include_str!("../../api-specs/swift.yaml");
        let spec: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).unwrap();
        let mut specified = BTreeSet::new();
        for (path, item) in spec["paths"].as_mapping().unwrap() {
            for (method, operation) in item.as_mapping().unwrap() {
                // OpenAPI has no word for COPY.
                let method = method.as_str().unwrap().trim_start_matches("x-");
                if method == "parameters" {
                    continue;
                }
                let id = operation["operationId"].as_str().unwrap();
                specified.insert((method.to_uppercase(), path.as_str().unwrap().to_owned(), id.to_owned()));
            }
        }
        let routed = ROUTES.iter().map(|l| (l.method.into(), l.path.into(), l.operation_id.into())).collect();
        assert_eq!(specified, routed);
    }
}
