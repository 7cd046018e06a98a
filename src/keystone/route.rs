//! The operations of the identity API, by path and method: one table for the front, for `Allow` and for the
//! specification.

use poem::http::Method;

use super::fault::Fault;

/// The operation that a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    Versions,
    VersionThree,
    VersionTwo,
    IssueToken,
    ValidateToken,
    RevokeToken,
    IssueTokenTwo,
    Projects,
    Catalog,
    TempAuth,
}

/// A row of the table: all facts about an operation outside its own file.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub method: &'static str,
    pub path: &'static str,
    /// The operation's id in the specification.
    pub operation_id: &'static str,
    /// The query's parameters that the operation reads.
    pub query: &'static [&'static str],
    /// The headers that the operation reads, except `Host`, which every operation reads.
    pub headers: &'static [&'static str],
    /// Whether the operation reads the request's body.
    pub has_body: bool,
    pub(super) route: Route,
}

impl Line {
    const fn reads(self, query: &'static [&'static str], headers: &'static [&'static str]) -> Self {
        Self { query, headers, ..self }
    }

    const fn with_body(self) -> Self {
        Self { has_body: true, ..self }
    }
}

const fn line(method: &'static str, path: &'static str, operation_id: &'static str, route: Route) -> Line {
    Line { method, path, operation_id, query: &[], headers: &[], has_body: false, route }
}

const TOKENS: &str = "/v3/auth/tokens";
const PROJECTS: &str = "/v3/auth/projects";
const CATALOG: &str = "/v3/auth/catalog";

const TOKEN: &[&str] = &["X-Auth-Token"];
const SUBJECT: &[&str] = &["X-Auth-Token", "X-Subject-Token"];
const NO_CATALOG: &[&str] = &["nocatalog"];
const CREDENTIALS: &[&str] = &["X-Auth-Key", "X-Auth-User", "X-Storage-Pass", "X-Storage-User"];

/// Every method on every path. The methods of a path are in the order in which `Allow` names them.
pub static ROUTES: [Line; 17] = [
    // A signed `GET /` is S3's, and so is every other method.
    line("GET", "/", "listVersions", Route::Versions),
    line("GET", "/v3", "getVersionThree", Route::VersionThree),
    line("HEAD", "/v3", "headVersionThree", Route::VersionThree),
    line("GET", "/v2.0", "getVersionTwo", Route::VersionTwo),
    line("HEAD", "/v2.0", "headVersionTwo", Route::VersionTwo),
    line("GET", TOKENS, "validateToken", Route::ValidateToken).reads(NO_CATALOG, SUBJECT),
    line("HEAD", TOKENS, "checkToken", Route::ValidateToken).reads(NO_CATALOG, SUBJECT),
    line("POST", TOKENS, "createToken", Route::IssueToken).reads(NO_CATALOG, &[]).with_body(),
    line("DELETE", TOKENS, "revokeToken", Route::RevokeToken).reads(&[], SUBJECT),
    line("GET", PROJECTS, "listProjects", Route::Projects).reads(&[], TOKEN),
    line("HEAD", PROJECTS, "headProjects", Route::Projects).reads(&[], TOKEN),
    line("GET", CATALOG, "getCatalog", Route::Catalog).reads(&[], TOKEN),
    line("HEAD", CATALOG, "headCatalog", Route::Catalog).reads(&[], TOKEN),
    line("POST", "/v2.0/tokens", "createTokenTwo", Route::IssueTokenTwo).with_body(),
    line("POST", "/v3/tokens", "createTokenTwoAtThree", Route::IssueTokenTwo).with_body(),
    line("GET", "/auth/v1.0", "tempAuth", Route::TempAuth).reads(&[], CREDENTIALS),
    line("GET", "/auth/v1", "tempAuthShort", Route::TempAuth).reads(&[], CREDENTIALS),
];

/// Finds the operation, or says which methods the path takes.
pub(super) fn resolve(method: &Method, path: &str) -> Result<Route, Fault> {
    let line = of_path(path).find(|line| line.method == method.as_str());
    line.map(|line| line.route).ok_or_else(|| {
        let methods: Vec<_> = of_path(path).map(|line| line.method).collect();
        if methods.is_empty() { Fault::NotFound } else { Fault::MethodNotAllowed(methods) }
    })
}

/// The rows of a raw path. One slash at its end makes no difference.
pub(super) fn of_path(path: &str) -> impl Iterator<Item = &'static Line> {
    let path = match path.strip_suffix('/').unwrap_or(path) {
        "" => "/",
        other => other,
    };
    ROUTES.iter().filter(move |line| line.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_routes() {
        let methods = |path| of_path(path).map(|line| line.method).collect::<Vec<_>>().join(" ");
        for (path, expected) in [
            ("/", "GET"),
            ("", "GET"),
            ("/v3", "GET HEAD"),
            ("/v3/", "GET HEAD"),
            ("/v2.0/", "GET HEAD"),
            ("/v3/auth/tokens", "GET HEAD POST DELETE"),
            ("/v3/tokens", "POST"),
            ("/v2.0/tokens", "POST"),
            ("/v3/auth/projects", "GET HEAD"),
            ("/v3/auth/catalog", "GET HEAD"),
            ("/auth/v1.0", "GET"),
            ("/auth/v1/", "GET"),
            ("/v3//", ""),
            ("/v3/users", ""),
            ("/v2", ""),
            ("/V3", ""),
            ("/auth", ""),
        ] {
            assert_eq!(methods(path), expected, "{path}");
        }
    }
}
