//! What the listener knows of a request.

use std::net::SocketAddr;

/// Facts that the listener adds to every request, as an extension.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The request's id: `X-Trans-Id` and `x-amz-request-id`.
    pub id: String,
    /// Whether customer keys may come with it: TLS on its own connection, or a trusted proxy that says so.
    pub secure: bool,
    /// The direct peer.
    pub peer: SocketAddr,
    /// The `Host` header or the authority, for storage URLs.
    pub host: String,
    /// Whether the client speaks HTTPS, for storage URLs.
    pub scheme_https: bool,
}
