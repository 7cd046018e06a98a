//! Why a Swift request failed, and the one table from the domain's errors to statuses and texts.
//!
//! Never 501: Swift's client retries every 5xx for half a minute. A 5xx means a problem of the server:
//! damage, unavailability, a defect.

use poem::Response;
use poem::http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED, RETRY_AFTER,
};
use poem::http::{HeaderName, StatusCode};

use super::headers::{DELETE_MARKER_TYPE, TIMESTAMP, VERSION_ID};
use super::reply;
use crate::http::body::BodyError;
use crate::http::date;
use crate::model::NameError;
use crate::ops;

/// Seconds after which a client may try again if storage is unavailable.
const RETRY_SECONDS: &str = "5";

/// The answer to a request that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    /// A plain sentence; without one, the body is Swift's short HTML.
    sentence: Option<String>,
    headers: Vec<(HeaderName, String)>,
    is_gateways: bool,
}

impl Failure {
    /// A failure with Swift's own text for its status.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self { status, sentence: None, headers: Vec::new(), is_gateways: false }
    }

    /// A failure with a plain sentence.
    pub(crate) fn with(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { sentence: Some(sentence.into()), ..Self::new(status) }
    }

    /// 400 with a plain sentence.
    pub(crate) fn bad_request(sentence: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, sentence)
    }

    /// 400 for a feature that Swift has and this gateway does not have yet.
    pub(crate) fn unavailable_feature(feature: &str) -> Self {
        Self::bad_request(format!("{feature} is not available yet."))
    }

    /// 405, with the methods that the path takes.
    pub(crate) fn method_not_allowed(allow: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allow)
    }

    /// 500 for a defect of the server. The problem goes to the log, not to the client.
    pub(crate) fn defect(problem: &dyn std::fmt::Display) -> Self {
        ours(StatusCode::INTERNAL_SERVER_ERROR, "internal error", &problem.to_string())
    }

    /// 503, and when to try again.
    pub(crate) fn try_again() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).header(RETRY_AFTER, RETRY_SECONDS)
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Whether the gateway gave it. The gateway authorises first, so nothing is left to ask.
    pub(crate) const fn is_gateways(&self) -> bool {
        self.is_gateways
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its plain sentence, if it has one.
    #[cfg(test)]
    pub(crate) fn sentence(&self) -> &str {
        self.sentence.as_deref().unwrap_or_default()
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = match &self.sentence {
            Some(sentence) => reply::sentence(self.status, sentence),
            None => reply::stub(self.status),
        };
        if self.status == StatusCode::NOT_MODIFIED {
            // They do not describe the body that the client has; a cache would apply them to it.
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        for (name, value) in self.headers {
            reply::set(response.headers_mut(), name, &value);
        }
        response
    }
}

impl From<ops::Error> for Failure {
    fn from(error: ops::Error) -> Self {
        Self { is_gateways: true, ..Self::of(error) }
    }
}

impl Failure {
    fn of(error: ops::Error) -> Self {
        use ops::Error as E;
        match error {
            E::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED),
            E::AccessDenied => Self::new(StatusCode::FORBIDDEN),
            E::NoSuchAccount
            | E::NoSuchBucket
            | E::NoSuchObject { .. }
            | E::NoSuchVersion
            | E::SourceIsMarker => Self::new(StatusCode::NOT_FOUND),
            E::VersionIsMarker { marker } => Self::new(StatusCode::NOT_FOUND)
                .header(VERSION_ID, &marker.to_string())
                .header(CONTENT_TYPE, DELETE_MARKER_TYPE),
            E::BucketAlreadyOwned | E::BucketNameTaken | E::BucketNotEmpty | E::Conflict => {
                Self::new(StatusCode::CONFLICT)
            }
            E::InvalidBucketName => Self::bad_request("The container name is not allowed."),
            E::InvalidName(problem) => invalid_name(problem),
            E::KeyRequired => Self::bad_request(
                "The object is encrypted with a customer's key: give it as X-Object-Meta-Encryption-Key.",
            ),
            E::WrongKey => Self::with(
                StatusCode::FORBIDDEN,
                "The key in X-Object-Meta-Encryption-Key is not the one the object was stored with.",
            ),
            E::KeyNotApplicable { .. } => Self::bad_request(
                "X-Object-Meta-Encryption-Key was given, but the object was not stored with a customer's key.",
            ),
            E::InsecureTransport => Self::bad_request(
                "X-Object-Meta-Encryption-Key may only be sent over a secure connection (TLS).",
            ),
            E::KmsNotConfigured => Self::bad_request(
                "The object needs a key management service, and none is configured on this server.",
            ),
            // Only S3 has multipart uploads.
            E::NoSuchUpload
            | E::InvalidPart { .. }
            | E::InvalidPartOrder
            | E::PartTooSmall { .. }
            | E::PartEncryptionDiffers
            | E::PartKeyDiffers
            | E::PartChecksumDiffers { .. }
            | E::PartChecksumMissing { .. }
            | E::ChecksumKindInvalid { .. }
            | E::ChecksumKindDiffers { .. }
            | E::SizeDiffers { .. }
            | E::CopyChangesNothing => Self::bad_request(error.to_string()),
            E::NoSuchPart | E::RangeNotInSource { .. } => Self::new(StatusCode::RANGE_NOT_SATISFIABLE),
            E::WrongSourceKey => Self::with(
                StatusCode::FORBIDDEN,
                "The key given for the source of the copy is not the one it was stored with.",
            ),
            E::SegmentConflict { .. } => Self::with(StatusCode::CONFLICT, error.to_string()),
            E::SegmentRefused { .. } => Self::with(StatusCode::FORBIDDEN, error.to_string()),
            E::TooManySegments { .. } | E::TooManyParts { .. } => {
                Self::with(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            E::InvalidSegments { problems } => {
                let lines = problems.iter().map(|(path, text)| format!("{path}, {text}"));
                Self::bad_request(format!("Errors:\n{}\n", lines.collect::<Vec<_>>().join("\n")))
            }
            E::PreconditionFailed => Self::new(StatusCode::PRECONDITION_FAILED),
            E::NotModified { etag, modified } => {
                let failure = Self::new(StatusCode::NOT_MODIFIED)
                    .header(ACCEPT_RANGES, "bytes")
                    .header(LAST_MODIFIED, &date::format_http(modified.seconds_ceil()))
                    .header(TIMESTAMP, &modified.to_string());
                match etag {
                    Some(etag) => failure.header(ETAG, &etag),
                    None => failure,
                }
            }
            E::Md5Mismatch { .. } | E::ChecksumMismatch { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY),
            E::TooLarge { .. } | E::SourceTooLarge { .. } => too_large(),
            E::TooMuchMetadata => Self::bad_request("The object would have too much metadata."),
            E::Body(problem) => broken_body(&problem),
            E::Corrupt(problem) => {
                ours(StatusCode::INTERNAL_SERVER_ERROR, "stored data does not verify", &problem.to_string())
            }
            E::Internal(problem) => Self::defect(&problem),
            E::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE),
            E::Unavailable(problem) => {
                ours(StatusCode::SERVICE_UNAVAILABLE, "storage is unavailable", &problem.to_string())
                    .header(RETRY_AFTER, RETRY_SECONDS)
            }
        }
    }
}

/// 413 in Swift's words.
pub(crate) fn too_large() -> Failure {
    Failure::with(StatusCode::PAYLOAD_TOO_LARGE, "Your request is too large.")
}

/// 499: the client went away, or sent less than it had declared.
pub(crate) fn client_disconnect() -> Failure {
    Failure::new(StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST))
}

fn invalid_name(problem: NameError) -> Failure {
    match problem {
        NameError::TooLong { found, limit } => {
            Failure::bad_request(format!("Name length of {found} longer than {limit}"))
        }
        NameError::Empty => Failure::bad_request("A name is empty."),
        NameError::Slash => Failure::bad_request("Container name cannot contain slashes"),
    }
}

fn broken_body(problem: &BodyError) -> Failure {
    match problem {
        BodyError::Incomplete | BodyError::Disconnected(_) => client_disconnect(),
        BodyError::Source(_) => Failure::new(StatusCode::INTERNAL_SERVER_ERROR),
        BodyError::Stalled => Failure::new(StatusCode::REQUEST_TIMEOUT),
        BodyError::TooLong => Failure::bad_request("The body is longer than its Content-Length."),
        // The rest belong to the framing and the signatures of S3's uploads, which no Swift body has.
        BodyError::Malformed(_)
        | BodyError::ChunkSignature
        | BodyError::Sha256Mismatch
        | BodyError::TrailerSignature
        | BodyError::TrailerMissing
        | BodyError::TrailerMalformed(_)
        | BodyError::ChunkTooLarge => Failure::bad_request("The body is malformed."),
    }
}

/// A failure of the server. The problem goes to the log, not to the client.
fn ours(status: StatusCode, what: &'static str, problem: &str) -> Failure {
    tracing::error!(problem, "{what}");
    Failure::new(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::Broken;
    use crate::model::{ChecksumAlgorithm, EncryptionMode, Timestamp, VersionId};
    use ops::Error as E;

    fn status(error: E) -> u16 {
        Failure::from(error).status().as_u16()
    }

    #[test]
    fn each_error_has_its_status() {
        for (error, expected) in [
            (E::Unauthenticated, 401),
            (E::AccessDenied, 403),
            (E::NoSuchAccount, 404),
            (E::NoSuchBucket, 404),
            (E::NoSuchObject { marker: None }, 404),
            (E::VersionIsMarker { marker: VersionId::Null }, 404),
            (E::BucketNotEmpty, 409),
            (E::InvalidName(NameError::Slash), 400),
            (E::KeyRequired, 400),
            (E::WrongKey, 403),
            (E::KeyNotApplicable { mode: EncryptionMode::Managed }, 400),
            (E::InsecureTransport, 400),
            (E::KmsNotConfigured, 400),
            (E::Md5Mismatch { expected: String::new(), computed: String::new() }, 422),
            (E::ChecksumMismatch { algorithm: ChecksumAlgorithm::Crc32 }, 422),
            (E::TooLarge { limit: 1 }, 413),
            (E::Body(BodyError::Incomplete), 499),
            (E::Body(BodyError::Disconnected(Broken::new("reset"))), 499),
            (E::Body(BodyError::Stalled), 408),
            (E::Conflict, 409),
            (E::Corrupt("".into()), 500),
            (E::Full, 507),
            (E::Unavailable("".into()), 503),
            (E::Internal("".into()), 500),
        ] {
            assert_eq!(status(error), expected);
        }
    }

    #[test]
    fn an_error_that_may_pass_says_when_to_try_again() {
        assert_eq!(
            Failure::from(E::Unavailable("disk".into())).into_response().header("retry-after"),
            Some("5")
        );
    }

    #[test]
    fn not_modified_shows_the_etag() {
        let error = E::NotModified { etag: Some("abc".into()), modified: Timestamp::from_steps(100_001) };
        let response = Failure::from(error).into_response();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(response.header("etag"), Some("abc"));
        assert_eq!(response.header("last-modified"), Some("Thu, 01 Jan 1970 00:00:02 GMT"));
        assert_eq!(response.header("x-timestamp"), Some("0000000001.00001"));
        for name in ["content-type", "content-length"] {
            assert_eq!(response.header(name), None, "{name} would be that of the cached body");
        }
    }
}
