//! The answers to failed requests, in Keystone's form.

use poem::Response;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::json;
use crate::http::RequestContext;
use crate::identity::{AuthError, Rejection};

/// Keystone's words for every refused credential.
const REQUIRES_AUTHENTICATION: &str = "The request you have made requires authentication.";

/// Why a request failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// The request is malformed; the message is for the client.
    BadRequest(String),
    /// Credentials are missing or refused; the reason is for the log alone.
    Unauthorized(Option<Rejection>),
    /// The login uses a method that is not served. Keystone answers 401 too: clients print its message, but a
    /// stack trace at a 400.
    UnsupportedMethod,
    /// The caller is known, but not allowed to do this.
    Forbidden,
    /// The resource does not exist.
    NotFound,
    /// The path takes only these methods.
    MethodNotAllowed(Vec<&'static str>),
    /// The body is too large.
    TooLarge,
    Unavailable(String),
    /// A defect of the server.
    Internal(&'static str),
}

/// The form of the answers to one client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Voice {
    /// Text, not JSON.
    pub(super) plain: bool,
    /// The value of `WWW-Authenticate`: where and how to log in.
    pub(super) challenge: String,
}

impl Fault {
    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) | Self::UnsupportedMethod => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The message for the client.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::BadRequest(message) => message,
            Self::Unauthorized(_) => REQUIRES_AUTHENTICATION,
            Self::UnsupportedMethod => {
                "Attempted to authenticate with an unsupported method: use password or token."
            }
            Self::Forbidden => "You are not authorized to perform the requested action.",
            Self::NotFound => "The resource could not be found.",
            Self::MethodNotAllowed(_) => "The method is not allowed for this resource.",
            Self::TooLarge => "The request body is too large.",
            Self::Unavailable(_) => "The identity service is busy. Try again.",
            Self::Internal(_) => "An unexpected error prevented the server from fulfilling your request.",
        }
    }

    /// Writes the details to the log that the client does not get.
    pub(super) fn log(&self, context: &RequestContext) {
        let (request, peer) = (&context.id, context.peer.ip());
        match self {
            Self::Unauthorized(Some(reason)) => {
                tracing::info!(request, %peer, %reason, "credentials refused");
            }
            Self::Unavailable(reason) => tracing::warn!(request, %peer, reason, "identity unavailable"),
            Self::Internal(reason) => tracing::error!(request, %peer, reason, "identity failed"),
            Self::Unauthorized(None)
            | Self::UnsupportedMethod
            | Self::BadRequest(_)
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::TooLarge => {}
        }
    }

    pub(super) fn into_response(self, voice: &Voice) -> Response {
        let status = self.status();
        let mut response = if voice.plain {
            Response::builder()
                .status(status)
                .content_type("text/plain; charset=UTF-8")
                .body(self.message().to_owned())
        } else {
            let title = status.canonical_reason().unwrap_or_default();
            let error = json!({"code": status.as_u16(), "title": title, "message": self.message()});
            json(status, &json!({"error": error}))
        };
        if let Some((name, value)) = self.header(voice)
            && let Ok(value) = HeaderValue::try_from(value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The header that goes with the status.
    fn header(&self, voice: &Voice) -> Option<(HeaderName, String)> {
        match self {
            Self::Unauthorized(_) | Self::UnsupportedMethod => {
                Some((header::WWW_AUTHENTICATE, voice.challenge.clone()))
            }
            Self::MethodNotAllowed(methods) => Some((header::ALLOW, methods.join(", "))),
            Self::Unavailable(_) => Some((header::RETRY_AFTER, "1".to_owned())),
            Self::BadRequest(_) | Self::Forbidden | Self::NotFound | Self::TooLarge | Self::Internal(_) => {
                None
            }
        }
    }
}

impl Voice {
    /// Keystone's form; `identity_url` is where a client logs in.
    pub(super) fn keystone(identity_url: &str) -> Self {
        Self { plain: false, challenge: format!("Keystone uri=\"{identity_url}\"") }
    }

    /// The form of a failure before the gateway's own URL is known.
    pub(super) fn anywhere() -> Self {
        Self { plain: false, challenge: "Keystone".to_owned() }
    }
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Rejected(reason) => Self::Unauthorized(Some(reason)),
            AuthError::Busy | AuthError::Directory(_) => Self::Unavailable(error.to_string()),
            AuthError::Internal(defect) => Self::Internal(defect.what()),
        }
    }
}
