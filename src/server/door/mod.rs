//! The door: every request passes it before and after its front.
//!
//! The door first lifts the key headers out of the request. Then it gives the request its id and its dialect,
//! and refuses a request that no front could answer rightly. It hands the request to its front, and logs it
//! when the answer has gone out. If a front panics, only that request fails, with a 500.

mod failure;
mod mask;
mod metrics;
mod record;
mod trust;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::combinators::BoxBody;
use hyper::header::{EXPECT, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Endpoint, RequestParts};

pub(crate) use metrics::HttpMetrics;
pub(crate) use record::ReplyBody;
pub(crate) use trust::Trust;

use super::dispatch::{Dialect, has_two_credentials};
use super::listener::{Allowance, Arriving, Crowded, Handler, Origin, RequestBody};
use crate::http::RequestContext;
use crate::http::query::Query;
use crate::http::secret_headers::SecretHeaders;
use crate::model::{Timestamp, VersionUid};
use crate::{keystone, s3, swift};

pub struct Fronts {
    /// The S3 face.
    pub s3: s3::Front,
    /// The Swift face.
    pub swift: swift::Front,
    /// The identity face.
    pub identity: keystone::Front,
}

pub struct Door {
    pub fronts: Fronts,
    /// Hosts that serve S3 only.
    pub virtual_hosts: Vec<String>,
    /// Whose word about TLS is believed.
    pub trust: Trust,
    /// What is counted.
    pub metrics: Arc<HttpMetrics>,
    /// How long a request's body may stall.
    pub body_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Whether uploads wait for the memory that slow ones hold.
    pub crowded: Crowded,
}

impl Handler for Door {
    type Body = ReplyBody;

    async fn handle(&self, request: Request<Arriving>, origin: Origin) -> Response<ReplyBody> {
        let started = Instant::now();
        self.metrics.arrived();
        let (mut head, body) = request.into_parts();
        let secrets = SecretHeaders::lift(&mut head.headers);
        settle_host(&mut head);
        let context = self.context(&head, origin);
        let query = Query::parse(head.uri.query().unwrap_or_default());
        let dialect = Dialect::of(&head, &context.host, &query, &self.virtual_hosts);
        let request = record::Request {
            id: context.id.clone(),
            peer: origin.peer,
            method: head.method.clone(),
            dialect,
            target: mask::masked(&head.uri).into_owned(),
        };
        let record = record::Record::new(self.metrics.clone(), started, request);
        tracing::trace!(
            request_id = %context.id,
            path = %record.target(),
            secure = context.secure,
            headers = ?head.headers.keys().collect::<Vec<_>>(),
            secrets = ?secrets,
            "request arrived"
        );
        let deadline = tokio::time::Instant::from_std(started) + self.request_timeout;
        let allowance = Allowance { stall: self.body_timeout, deadline, crowded: self.crowded.clone() };
        let body = RequestBody::new(body, head.headers.contains_key(EXPECT), allowance);
        let response = if let Some(message) = objection(&head, &query) {
            // Dropping the body decides whether the rest of it is read.
            drop(body);
            self.refuse(dialect, &context, message)
        } else {
            let answer = self.pass(dialect, head, body, secrets, &context, origin);
            failure::survive(dialect, &context.id, deadline, answer).await
        };
        record.watch(response.into())
    }

    fn connections(&self, change: i64) {
        self.metrics.connections(change);
    }
}

impl Door {
    fn context(&self, head: &Parts, origin: Origin) -> RequestContext {
        let transport = self.trust.judge(origin.tls, origin.peer.ip(), &head.headers);
        RequestContext {
            id: request_id(),
            secure: transport.secure,
            peer: origin.peer,
            host: host(head),
            scheme_https: transport.https,
        }
    }

    fn refuse(&self, dialect: Dialect, context: &RequestContext, message: &str) -> poem::Response {
        match dialect {
            Dialect::S3 => self.fronts.s3.bad_request(context, message),
            Dialect::Swift => swift::bad_request(context, message),
            Dialect::Identity => keystone::bad_request(context, message),
        }
    }

    async fn pass(
        &self,
        dialect: Dialect,
        mut head: Parts,
        body: RequestBody,
        secrets: SecretHeaders,
        context: &RequestContext,
        origin: Origin,
    ) -> poem::Response {
        head.extensions.insert(secrets);
        head.extensions.insert(context.clone());
        let scheme = if origin.tls { poem::http::uri::Scheme::HTTPS } else { poem::http::uri::Scheme::HTTP };
        let (local, remote) = (Addr::SocketAddr(origin.local), Addr::SocketAddr(origin.peer));
        let head = RequestParts::from((head, LocalAddr(local), RemoteAddr(remote), scheme));
        let request = poem::Request::from_parts(head, BoxBody::new(body).into());
        match dialect {
            Dialect::S3 => self.fronts.s3.get_response(request).await,
            Dialect::Swift => self.fronts.swift.get_response(request).await,
            Dialect::Identity => self.fronts.identity.get_response(request).await,
        }
    }
}

/// The reason why no front can answer a request rightly, if there is one.
fn objection(head: &Parts, query: &Query) -> Option<&'static str> {
    if query.has_key_material() {
        return Some(
            "An encryption key must not be in the URL, which many write down. Send it in a header, and use another key.",
        );
    }
    if has_two_credentials(head, query) {
        return Some("The request has two kinds of credentials, a token and a signature. Send one of them.");
    }
    if head.headers.get_all(HOST).iter().nth(1).is_some() {
        return Some("The request has more than one Host header.");
    }
    None
}

/// Replaces the `Host` header by the host of an absolute URL (RFC 9112 §3.2.2). So the signed host is the
/// requested host. Otherwise a URL that was signed for one bucket's host would open another bucket.
fn settle_host(head: &mut Parts) {
    let Some(authority) = head.uri.authority() else { return };
    // Several `Host` headers are refused later.
    if head.headers.get_all(HOST).iter().nth(1).is_none()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        head.headers.insert(HOST, host);
    }
}

/// The host that the client asked for, in lower case.
fn host(head: &Parts) -> String {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.to_ascii_lowercase()
}

/// An id in the form of Swift's transaction ids: `tx`, 21 random hex digits, `-`, ten of the time in seconds.
fn request_id() -> String {
    let random = VersionUid::random().to_string();
    format!("tx{}-{:010x}", &random[..21], Timestamp::now().seconds_floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn objects(uri: &str, headers: &[(&str, &str)]) -> bool {
        let head = head(uri, headers);
        objection(&head, &Query::parse(head.uri.query().unwrap_or_default())).is_some()
    }

    #[test]
    fn ids_look_like_swifts() {
        let id = request_id();
        assert_eq!((id.len(), &id[..2], &id[23..24]), (34, "tx", "-"));
        assert!(id[2..23].bytes().chain(id[24..].bytes()).all(|b| b.is_ascii_hexdigit()));
        assert_ne!(id, request_id());
    }

    #[test]
    fn hosts() {
        let settled = |uri, headers: &[_]| {
            let mut head = head(uri, headers);
            settle_host(&mut head);
            (host(&head), head.headers.get_all(HOST).iter().count())
        };
        assert_eq!(settled("/x", &[("host", "H.Example:1")]), ("h.example:1".into(), 1));
        assert_eq!(settled("http://a:2/x", &[("host", "h:1")]), ("a:2".into(), 1));
        assert_eq!(settled("http://a:2/x", &[]), ("a:2".into(), 1));
        assert_eq!(settled("http://a:2/x", &[("host", "h"), ("host", "i")]).1, 2);
        assert_eq!(settled("/x", &[]), (String::new(), 0));
    }

    #[test]
    fn objections() {
        assert!(objects("/b/k?x-amz-server-side-encryption-customer-key=a2V5", &[]));
        assert!(objects("/v1/a/c/o?X-Object-Meta-Encryption-Key=a2V5", &[]));
        assert!(objects("/b", &[("authorization", "AWS4-HMAC-SHA256 x"), ("x-auth-token", "t")]));
        assert!(objects("/b", &[("host", "a"), ("host", "b")]));
        assert!(!objects("/b?X-Amz-Signature=1", &[("host", "a")]));
    }
}
