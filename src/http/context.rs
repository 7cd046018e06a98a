//! The facts about a request that the listener knows.

use std::net::SocketAddr;

/// An extension of every request, put there by the listener before anything can fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestContext {
    /// The request's id: `X-Trans-Id`, `X-Openstack-Request-Id` and `x-amz-request-id`.
    pub id: String,
    /// Whether a customer's key may come with this request: it came over TLS, or a trusted proxy says so.
    pub secure: bool,
    /// The direct peer.
    pub peer: SocketAddr,
    /// The `Host` header or the authority. URLs in answers are made of it.
    pub host: String,
    /// Whether URLs in answers are `https`.
    pub scheme_https: bool,
}
