//! The dialect of a request. It is decided before anything can fail, so every error has a form that its
//! client reads.
//!
//! It follows from the host, then from the first segment of the raw path, and never from credentials. The one
//! exception is `GET /`, which both faces have: if it is unsigned, it is Keystone's discovery.

use hyper::Method;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use crate::http::percent;
use crate::http::query::Query;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialect {
    /// The S3 API.
    S3,
    /// The Swift API.
    Swift,
    /// Keystone's API and `TempAuth`.
    Identity,
}

impl Dialect {
    /// Its name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Swift => "swift",
            Self::Identity => "identity",
        }
    }

    /// The dialect of a request to this host.
    pub fn of(request: &Parts, host: &str, query: &Query, virtual_hosts: &[String]) -> Self {
        if is_virtual_host(host, virtual_hosts) {
            return Self::S3;
        }
        let path = request.uri.path();
        let first = path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default();
        match percent::decode_lossless(first).as_slice() {
            b"v1" | b"info" | b"healthcheck" => Self::Swift,
            b"v2.0" | b"v3" | b"auth" => Self::Identity,
            b"" if path == "/" && request.method == Method::GET && !is_signed(request, query) => {
                Self::Identity
            }
            _ => Self::S3,
        }
    }
}

/// Whether a request has credentials of both faces, so that nobody can say whose request it is.
pub fn has_two_credentials(request: &Parts, query: &Query) -> bool {
    let token = ["x-auth-token", "x-storage-token"].iter().any(|name| request.headers.contains_key(*name));
    token && is_signed(request, query)
}

/// Whether a request is signed, or tries to be.
fn is_signed(request: &Parts, query: &Query) -> bool {
    let header = |value: &hyper::header::HeaderValue| {
        let value = value.as_bytes();
        value.starts_with(b"AWS4-") || value.starts_with(b"AWS ")
    };
    let parameters = ["X-Amz-Signature", "X-Amz-Algorithm", "AWSAccessKeyId"];
    request.headers.get_all(AUTHORIZATION).iter().any(header)
        || query.iter().any(|(name, _)| parameters.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// Whether a host is one of the virtual hosts, or below one of them.
fn is_virtual_host(host: &str, virtual_hosts: &[String]) -> bool {
    if virtual_hosts.is_empty() {
        return false;
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    virtual_hosts.iter().any(|host| {
        name.strip_suffix(host.as_str()).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> (Parts, Query) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        (parts, query)
    }

    fn dialect(method: &str, host: &str, uri: &str, headers: &[(&str, &str)]) -> Dialect {
        let (parts, query) = parts(method, uri, headers);
        Dialect::of(&parts, host, &query, &["s3.example.com".to_owned()])
    }

    #[test]
    fn by_the_first_segment_in_any_spelling() {
        use Dialect::{Identity, S3, Swift};
        for (uri, expected) in [
            ("/v1/AUTH_x/c/o", Swift),
            ("/v1", Swift),
            ("/%761/AUTH_x", Swift),
            ("/v%31?format=json", Swift),
            ("/info", Swift),
            ("/%69nfo", Swift),
            ("/healthcheck", Swift),
            ("/v3", Identity),
            ("/v3/auth/tokens", Identity),
            ("/v2.0/tokens", Identity),
            ("/v2%2E0/tokens", Identity),
            ("/auth/v1.0", Identity),
            ("/V1/x", S3),
            ("/v1x", S3),
            ("/v1%2Fx", S3),
            ("/v2", S3),
            ("/v10/x", S3),
            ("//v1/x", S3),
            ("/bucket/v1", S3),
            ("/Info", S3),
            ("/%ff", S3),
            ("/bucket", S3),
        ] {
            assert_eq!(dialect("GET", "h", uri, &[]), expected, "{uri}");
            assert_eq!(dialect("PUT", "h", uri, &[]), expected, "{uri}");
        }
    }

    #[test]
    fn virtual_hosts_are_s3s() {
        for (host, expected) in [
            ("s3.example.com", Dialect::S3),
            ("S3.Example.com:8443", Dialect::S3),
            ("bucket.s3.example.com", Dialect::S3),
            ("a.b.s3.example.com.", Dialect::S3),
            ("nots3.example.com", Dialect::Swift),
            ("example.com", Dialect::Swift),
            ("[::1]:8443", Dialect::Swift),
            ("", Dialect::Swift),
        ] {
            assert_eq!(dialect("GET", host, "/v1/x", &[]), expected, "{host}");
        }
        assert_eq!(dialect("GET", "bucket.s3.example.com", "/", &[]), Dialect::S3);
    }

    #[test]
    fn the_root_is_discovery_unless_it_is_signed() {
        let authorization = [("authorization", "AWS4-HMAC-SHA256 Credential=x")];
        assert_eq!(dialect("GET", "h", "/", &[]), Dialect::Identity);
        assert_eq!(dialect("GET", "h", "/?x=y", &[]), Dialect::Identity);
        assert_eq!(dialect("GET", "h", "/", &[("x-auth-token", "t")]), Dialect::Identity);
        assert_eq!(dialect("GET", "h", "/", &authorization), Dialect::S3);
        assert_eq!(dialect("GET", "h", "/?X-Amz-Signature=0", &[]), Dialect::S3);
        assert_eq!(dialect("GET", "h", "//", &[]), Dialect::S3);
        assert_eq!(dialect("PUT", "h", "/", &[]), Dialect::S3);
        assert_eq!(dialect("POST", "h", "/", &[]), Dialect::S3);
    }

    #[test]
    fn two_kinds_of_credentials() {
        let two = |uri, headers: &[_]| {
            let (parts, query) = parts("GET", uri, headers);
            has_two_credentials(&parts, &query)
        };
        let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=x");
        assert!(two("/b", &[signed, ("x-auth-token", "t")]));
        assert!(two("/v1/a", &[signed, ("x-storage-token", "t")]));
        assert!(two("/b?x-amz-signature=0", &[("x-auth-token", "t")]));
        assert!(!two("/b", &[signed]));
        assert!(!two("/b", &[("x-auth-token", "t")]));
        assert!(!two("/b", &[("x-auth-token", "t"), ("authorization", "Bearer x")]));
        assert!(!two("/v1/a?temp_url_sig=0", &[("x-auth-token", "t")]));
    }
}
