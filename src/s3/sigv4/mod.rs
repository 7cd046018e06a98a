//! AWS Signature Version 4, as S3 speaks it: from a request that claims to be someone's to one that is.
//!
//! [`parse`] reads what a request says of itself and checks everything that needs no secret; the caller looks
//! the access key up; [`Unverified::verify`] compares the signature and returns a [`Verified`], which nothing
//! else makes.
//!
//! The canonical request is hashed as it is put together and never exists as text, since it holds the
//! customer's key headers: there is nothing to log and nothing to show in an error.
//!
//! Source: AWS, "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference, with its pages
//! on the `Authorization` header, query parameters, chunked uploads and trailing headers.
//!
//! Signing keys are not cached. Deriving one is four HMACs over short inputs, a few microseconds; a cache
//! would have to be keyed by the secret too, or it would outlive a secret that was changed.

mod canonical;
mod chunk;
mod error;
mod key;
mod parse;
mod payload;
mod scope;
#[cfg(any(test, fuzzing, feature = "testing"))]
pub(crate) mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use chunk::ChunkSigner;
pub(crate) use error::SigError;
pub(crate) use parse::parse;
pub(crate) use payload::PayloadMode;
#[cfg(any(test, fuzzing))]
pub(crate) use verify::Unverified;

use ::http::HeaderMap;

use crate::http::secret_headers::SecretHeaders;

/// The one algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far a request's clock may be from ours, in seconds. Stops replay of captured requests later than that.
pub(crate) const MAX_SKEW: i64 = 15 * 60;

/// How long a presigned URL may be valid, in seconds: seven days. Stops URLs that are as good as passwords.
pub(crate) const MAX_EXPIRES: i64 = 7 * 24 * 60 * 60;

/// A request as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestView<'a> {
    pub(crate) method: &'a str,
    /// The path, neither decoded nor rewritten.
    pub(crate) raw_path: &'a str,
    /// The query, not decoded, without its `?`.
    pub(crate) raw_query: &'a str,
    /// The headers that are left.
    pub(crate) headers: &'a HeaderMap,
    /// The key headers that were lifted out of them.
    pub(crate) secrets: &'a SecretHeaders,
}
