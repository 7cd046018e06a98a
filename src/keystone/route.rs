//! The routes of the identity API.

use poem::http::Method;

/// The resource that a path names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    Versions,
    VersionThree,
    VersionTwo,
    Tokens,
    TokensTwo,
    /// The projects of a token's user.
    Projects,
    /// The catalog of a token.
    Catalog,
    TempAuth,
}

impl Route {
    /// The route of a raw path. One slash at its end makes no difference.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "" => Some(Self::Versions),
            "/v3" => Some(Self::VersionThree),
            "/v2.0" => Some(Self::VersionTwo),
            "/v3/auth/tokens" => Some(Self::Tokens),
            "/v2.0/tokens" | "/v3/tokens" => Some(Self::TokensTwo),
            "/v3/auth/projects" => Some(Self::Projects),
            "/v3/auth/catalog" => Some(Self::Catalog),
            "/auth/v1.0" | "/auth/v1" => Some(Self::TempAuth),
            _ => None,
        }
    }

    /// The methods that this path takes.
    pub(super) fn methods(self) -> &'static [Method] {
        match self {
            Self::Versions | Self::VersionThree | Self::VersionTwo | Self::Projects | Self::Catalog => {
                &[Method::GET, Method::HEAD]
            }
            Self::Tokens => &[Method::GET, Method::HEAD, Method::POST, Method::DELETE],
            Self::TokensTwo => &[Method::POST],
            Self::TempAuth => &[Method::GET],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_route() {
        for (path, route) in [
            ("/", Some(Route::Versions)),
            ("", Some(Route::Versions)),
            ("/v3", Some(Route::VersionThree)),
            ("/v3/", Some(Route::VersionThree)),
            ("/v2.0/", Some(Route::VersionTwo)),
            ("/v3/auth/tokens", Some(Route::Tokens)),
            ("/v3/tokens", Some(Route::TokensTwo)),
            ("/v2.0/tokens", Some(Route::TokensTwo)),
            ("/v3/auth/projects", Some(Route::Projects)),
            ("/v3/auth/catalog", Some(Route::Catalog)),
            ("/auth/v1.0", Some(Route::TempAuth)),
            ("/auth/v1/", Some(Route::TempAuth)),
            ("/v3//", None),
            ("/v3/users", None),
            ("/v2", None),
            ("/V3", None),
            ("/auth", None),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
