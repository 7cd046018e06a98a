//! The one table: every error, its code, status, message, and the rest that S3 says of it.

mod body;
mod copy;
mod domain;
mod fault;
mod identity;
mod multipart;
mod signature;

use std::borrow::Cow;

use poem::http::{Method, StatusCode};

use super::{Error, ErrorContext};

/// When to come again after a 503.
const RETRY_SECONDS: &str = "5";

/// An error in S3's words.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    /// Elements beside them.
    pub(super) extras: Vec<(&'static str, String)>,
    /// Headers beside them.
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), extras: Vec::new(), headers: Vec::new() }
    }

    fn with(mut self, element: &'static str, value: impl Into<String>) -> Self {
        self.extras.push((element, value.into()));
        self
    }

    fn maybe(mut self, element: &'static str, value: Option<String>) -> Self {
        self.extras.extend(value.map(|value| (element, value)));
        self
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const NOT_IMPLEMENTED: StatusCode = StatusCode::NOT_IMPLEMENTED;

/// What an error is on this face.
pub(super) fn answer(error: &Error, context: &ErrorContext) -> Answer {
    match error {
        Error::Fault(error) => fault::answer(error, context),
        Error::Signature(error) => signature::answer(error),
        Error::Identity(error) => identity::answer(error),
        Error::Domain(error) => domain::answer(error, context),
    }
}

/// The code and the message of an error, for an answer that reports several.
pub(super) fn words(error: &Error) -> (&'static str, String) {
    let context = ErrorContext {
        request_id: String::new(),
        host_id: String::new(),
        method: Method::POST,
        bucket: None,
        key: None,
        version: None,
        upload: None,
        condition: None,
    };
    let Answer { code, message, .. } = answer(error, &context);
    (code, message.into_owned())
}

fn access_denied() -> Answer {
    Answer::new(FORBIDDEN, "AccessDenied", "Access Denied")
}

fn method_not_allowed(context: &ErrorContext, resource: &str) -> Answer {
    let message = "The specified method is not allowed against this resource.";
    Answer::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
        .with("Method", context.method.as_str())
        .with("ResourceType", resource.to_uppercase())
}

fn invalid_bucket_name(name: Option<String>) -> Answer {
    Answer::new(BAD, "InvalidBucketName", "The specified bucket is not valid.").maybe("BucketName", name)
}

fn key_too_long(found: usize, limit: usize) -> Answer {
    Answer::new(BAD, "KeyTooLongError", "Your key is too long")
        .with("Size", found.to_string())
        .with("MaxSizeAllowed", limit.to_string())
}

fn entity_too_large(limit: u64) -> Answer {
    Answer::new(BAD, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        .with("MaxSizeAllowed", limit.to_string())
}

fn signature_mismatch() -> Answer {
    Answer::new(
        FORBIDDEN,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing \
         method.",
    )
}

fn unavailable() -> Answer {
    let message = "Service is unable to handle request.";
    Answer::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        .header("retry-after", RETRY_SECONDS)
}

/// S3 has no such error, as it has no end. The status is what MinIO says, and one that SDKs do not try again:
/// a disk does not empty itself in the seconds that they would.
fn full() -> Answer {
    let message = "There is no room left. Delete something, or have the operator make room.";
    Answer::new(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", message)
}

fn internal() -> Answer {
    let message = "We encountered an internal error. Please try again.";
    Answer::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
}
