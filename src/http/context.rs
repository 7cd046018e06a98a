//! What the listener says about a request.

use std::net::SocketAddr;

/// An extension of every request, put there by the listener before anything can fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestContext {
    /// The request's id: `X-Trans-Id`, `X-Openstack-Request-Id` and `x-amz-request-id`.
    pub id: String,
    /// Whether a customer's key may travel on this request: TLS here, or a trusted proxy vouches for it.
    pub secure: bool,
    /// The direct peer.
    pub peer: SocketAddr,
    /// The `Host` header or the authority: what URLs in answers are made of.
    pub host: String,
    /// Whether those URLs are `https`.
    pub scheme_https: bool,
}
