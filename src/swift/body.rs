//! A request's body: its declared length, and the stream that the domain reads.

use std::io;

use futures_util::TryStreamExt;
use poem::Body;
use poem::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use poem::http::{HeaderMap, StatusCode};

use super::error::{Failure, too_large};
use crate::http::body::{self, BodyError, Broken};

/// The declared length; `None` for a chunked body. A body that is too large is refused before it is read.
pub(crate) fn declared_length(headers: &HeaderMap, limit: u64) -> Result<Option<u64>, Failure> {
    if let Some(encoding) = headers.get(TRANSFER_ENCODING) {
        if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Ok(None);
        }
        return Err(Failure::bad_request("The only Transfer-Encoding is chunked."));
    }
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return Err(Failure::with(StatusCode::LENGTH_REQUIRED, "Missing Content-Length header."));
    };
    let length = length
        .to_str()
        .ok()
        .and_then(|length| length.parse().ok())
        .ok_or_else(|| Failure::bad_request("Invalid Content-Length"))?;
    if length > limit { Err(too_large()) } else { Ok(Some(length)) }
}

/// The body as a stream of the domain.
pub(crate) fn readable(body: Body, length: Option<u64>) -> body::Body {
    body::Body::from_stream(length, body.into_bytes_stream().map_err(body_error))
}

/// Distinguishes a body that stalled from a connection that broke.
fn body_error(error: io::Error) -> BodyError {
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<BodyError>());
    match (ours, error.kind()) {
        (Some(ours), _) => ours.clone(),
        (None, io::ErrorKind::TimedOut) => BodyError::Stalled,
        (None, io::ErrorKind::UnexpectedEof) => BodyError::Incomplete,
        (None, _) => BodyError::Disconnected(Broken::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_declared_length_is_checked() {
        let length = |pairs: &[(&'static str, &str)]| {
            declared_length(&headers(pairs), 100).map_err(|failure| failure.status().as_u16())
        };
        assert_eq!(length(&[("content-length", "0")]), Ok(Some(0)));
        assert_eq!(length(&[("content-length", "100")]), Ok(Some(100)));
        assert_eq!(length(&[("content-length", "101")]), Err(413));
        assert_eq!(length(&[("transfer-encoding", "chunked")]), Ok(None));
        assert_eq!(length(&[("transfer-encoding", "gzip, chunked")]), Err(400));
        assert_eq!(length(&[]), Err(411));
        assert_eq!(length(&[("content-length", "-1")]), Err(400));
    }

    #[test]
    fn broken_bodies_are_distinguished() {
        assert_eq!(body_error(BodyError::Stalled.into()), BodyError::Stalled);
        assert_eq!(body_error(io::Error::from(io::ErrorKind::TimedOut)), BodyError::Stalled);
        assert_eq!(body_error(io::Error::from(io::ErrorKind::UnexpectedEof)), BodyError::Incomplete);
        assert!(matches!(body_error(io::Error::other("reset")), BodyError::Disconnected(_)));
    }
}
