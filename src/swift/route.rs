//! The operations, by method and path: one table for the front, for `Allow` and for the specification.

use poem::http::Method;

use super::address::{Address, Level};
use super::error::Failure;
use crate::http::query::Query;

/// The operation that a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    Info,
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
    /// Creates a container, or changes one.
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
    /// Deletes the objects and containers that the body lists.
    BulkDelete,
    /// Lists the methods that a path takes.
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

/// A row of the table: all facts about an operation outside its own file.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The method; Swift has `COPY` too.
    pub method: &'static str,
    /// The path as the specification writes it.
    pub path: &'static str,
    /// The operation's id in the specification.
    pub operation_id: &'static str,
    /// Whether the operation reads the request's body.
    pub has_body: bool,
    /// The operation that the front runs.
    pub(super) route: Route,
    template: PathTemplate,
    query: Names,
    headers: Names,
}

/// Names of parameters or headers, in groups that several operations share.
type Names = &'static [&'static [&'static str]];

impl Line {
    /// The query's parameters that the operation reads.
    pub fn query(&self) -> impl Iterator<Item = &'static str> {
        self.query.iter().copied().flatten().copied()
    }

    /// The headers that the operation reads, except the token's. `*` stands for the rest of a name.
    pub fn headers(&self) -> impl Iterator<Item = &'static str> {
        self.headers.iter().copied().flatten().copied()
    }

    const fn reads(self, query: Names, headers: Names) -> Self {
        Self { query, headers, ..self }
    }

    const fn with_body(self) -> Self {
        Self { has_body: true, ..self }
    }
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
    Line { method, path, operation_id, has_body: false, route, template, query: &[], headers: &[] }
}

const FORMAT: &[&str] = &["format"];
const PAGE: &[&str] = &["delimiter", "end_marker", "limit", "marker", "prefix", "reverse"];
const OF_OBJECTS: &[&str] = &["path", "version_marker", "versions"];
const VERSION_ID: &[&str] = &["version-id"];
const MANIFEST: &[&str] = &["multipart-manifest"];

const ACCEPT: &[&str] = &["Accept"];
const PREFLIGHT: &[&str] = &["Origin", "Access-Control-Request-Method"];
const ACCOUNT_METADATA: &[&str] = &["X-Account-Meta-*", "X-Remove-Account-Meta-*"];
const CONTAINER_METADATA: &[&str] = &["X-Container-Meta-*", "X-Remove-Container-Meta-*"];
const VERSIONS_ENABLED: &[&str] = &["X-Versions-Enabled"];
const KEY: &[&str] = &[
    "X-Object-Meta-Encryption-Algorithm",
    "X-Object-Meta-Encryption-Key",
    "X-Object-Meta-Encryption-Key-MD5",
];
const SOURCE_KEY: &[&str] =
    &["X-Copy-From-Encryption-Algorithm", "X-Copy-From-Encryption-Key", "X-Copy-From-Encryption-Key-MD5"];
const RANGE: &[&str] = &["Range"];
const CONDITIONS: &[&str] = &["If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since"];
const BODY: &[&str] = &["Content-Length", "Transfer-Encoding"];
/// Headers that are stored with an object and returned with it.
const STORED: &[&str] = &[
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Expires",
    "X-Delete-After",
    "X-Delete-At",
    "X-Object-Manifest",
    "X-Object-Meta-*",
    "X-Robots-Tag",
];
const DETECT: &[&str] = &["X-Detect-Content-Type"];
const COPY: &[&str] = &["Destination", "Destination-Account", "X-Fresh-Metadata"];
/// The headers of a PUT that copies.
const COPY_FROM: &[&str] = &["X-Copy-From", "X-Copy-From-Account", "X-Fresh-Metadata"];

/// Every method on every path. The methods of a path are in the order in which `Allow` names them.
pub static ROUTES: [Line; 24] = [
    line("GET", PathTemplate::Info, "getInfo", Route::Info),
    line("HEAD", PathTemplate::Info, "headInfo", Route::Info),
    line("OPTIONS", PathTemplate::Info, "optionsInfo", Route::Options),
    line("GET", PathTemplate::Healthcheck, "getHealthcheck", Route::Healthcheck),
    line("HEAD", PathTemplate::Healthcheck, "headHealthcheck", Route::Healthcheck),
    line("GET", PathTemplate::Account, "getAccount", Route::GetAccount).reads(&[FORMAT, PAGE], &[ACCEPT]),
    line("HEAD", PathTemplate::Account, "headAccount", Route::HeadAccount).reads(&[FORMAT], &[ACCEPT]),
    line("OPTIONS", PathTemplate::Account, "optionsAccount", Route::Options).reads(&[], &[PREFLIGHT]),
    line("POST", PathTemplate::Account, "postAccount", Route::PostAccount).reads(&[], &[ACCOUNT_METADATA]),
    line("DELETE", PathTemplate::Bulk, "bulkDeleteByDelete", Route::BulkDelete)
        .reads(BULK_QUERY, BULK_HEADERS)
        .with_body(),
    line("POST", PathTemplate::Bulk, "bulkDelete", Route::BulkDelete)
        .reads(BULK_QUERY, BULK_HEADERS)
        .with_body(),
    line("DELETE", PathTemplate::Container, "deleteContainer", Route::DeleteContainer),
    line("GET", PathTemplate::Container, "getContainer", Route::GetContainer)
        .reads(&[FORMAT, PAGE, OF_OBJECTS], &[ACCEPT]),
    line("HEAD", PathTemplate::Container, "headContainer", Route::HeadContainer).reads(&[FORMAT], &[ACCEPT]),
    line("OPTIONS", PathTemplate::Container, "optionsContainer", Route::Options).reads(&[], &[PREFLIGHT]),
    line("POST", PathTemplate::Container, "postContainer", Route::PostContainer)
        .reads(&[], &[CONTAINER_METADATA, VERSIONS_ENABLED]),
    line("PUT", PathTemplate::Container, "putContainer", Route::PutContainer)
        .reads(&[], &[CONTAINER_METADATA, VERSIONS_ENABLED, &["X-Storage-Policy"]]),
    line("COPY", PathTemplate::Object, "copyObject", Route::CopyObject)
        .reads(&[VERSION_ID, MANIFEST], &[COPY, KEY, SOURCE_KEY, RANGE, CONDITIONS, BODY, STORED, DETECT]),
    line("DELETE", PathTemplate::Object, "deleteObject", Route::DeleteObject)
        .reads(&[VERSION_ID, MANIFEST, &["async"]], &[KEY, ACCEPT]),
    line("GET", PathTemplate::Object, "getObject", Route::GetObject)
        .reads(&[VERSION_ID, MANIFEST, FORMAT], &[KEY, RANGE, &["If-Range"], CONDITIONS]),
    line("HEAD", PathTemplate::Object, "headObject", Route::HeadObject)
        .reads(&[VERSION_ID, MANIFEST, FORMAT], &[KEY, CONDITIONS]),
    line("OPTIONS", PathTemplate::Object, "optionsObject", Route::Options).reads(&[], &[PREFLIGHT]),
    line("POST", PathTemplate::Object, "postObject", Route::PostObject).reads(&[VERSION_ID], &[KEY, STORED]),
    line("PUT", PathTemplate::Object, "putObject", Route::PutObject)
        .reads(
            &[VERSION_ID, MANIFEST, &["heartbeat"]],
            &[KEY, SOURCE_KEY, RANGE, CONDITIONS, BODY, STORED, DETECT, COPY_FROM, ACCEPT, &["ETag"]],
        )
        .with_body(),
];

const BULK_QUERY: Names = &[&["bulk-delete"]];
const BULK_HEADERS: Names = &[KEY, ACCEPT, &["Content-Type"]];

/// Finds the operation, or says which methods the path takes.
pub(crate) fn resolve(method: &Method, address: &Address) -> Result<&'static Line, Failure> {
    find(method, template(address)).ok_or_else(|| Failure::method_not_allowed(&allow(address)))
}

/// The row of a bulk delete. As in Swift, the path may also name a container or an object, which is ignored.
pub(crate) fn bulk_delete(method: &Method, query: &Query) -> Option<&'static Line> {
    if query.has("bulk-delete") { find(method, PathTemplate::Bulk) } else { None }
}

fn find(method: &Method, template: PathTemplate) -> Option<&'static Line> {
    ROUTES.iter().find(|line| line.template == template && line.method == method.as_str())
}

/// The methods that a path takes, for `Allow`.
pub(crate) fn allow(address: &Address) -> String {
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
    use super::*;
    use crate::swift::address;

    fn route(method: &str, path: &str) -> Result<Route, u16> {
        let address = address::parse(path).unwrap();
        resolve(&Method::from_bytes(method.as_bytes()).unwrap(), &address)
            .map(|line| line.route)
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
    fn another_method_is_refused_with_the_allowed_ones() {
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
}
