//! Why a signature is not accepted.

/// One variant for each of S3's answers; the text is S3's message. Never holds any of the canonical request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SigError {
    #[error("The authorization header is malformed; {0}")]
    AuthorizationHeaderMalformed(&'static str),
    #[error("{0}")]
    AuthorizationQueryParametersError(&'static str),
    /// 400 `AuthorizationHeaderMalformed`, or `AuthorizationQueryParametersError` when presigned, with a
    /// `Region` element that says what was expected.
    #[error("{} the region '{found}' is wrong; expecting '{expected}'", if *.presigned {
        "Error parsing the X-Amz-Credential parameter;"
    } else {
        "The authorization header is malformed;"
    })]
    WrongRegion {
        /// Whether the credential came in the query.
        presigned: bool,
        /// What the credential says.
        found: String,
        /// The region of this gateway.
        expected: String,
    },
    #[error("AWS authentication requires a valid Date or x-amz-date header")]
    MissingDate,
    /// 403 `AccessDenied`, with the names, comma-separated, as `HeadersNotSigned`.
    #[error("There were headers present in the request which were not signed")]
    UnsignedHeaders(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your key and signing \
         method."
    )]
    SignatureDoesNotMatch,
    #[error("The difference between the request time and the current time is too large.")]
    RequestTimeTooSkewed {
        /// The request's clock, in seconds since the epoch.
        request_time: i64,
        server_time: i64,
    },
    /// 403 `AccessDenied`: a presigned URL after its time.
    #[error("Request has expired")]
    Expired {
        /// When it expired, in seconds since the epoch.
        expired_at: i64,
        server_time: i64,
    },
    /// 403 `AccessDenied`: a presigned URL from the future.
    #[error("Request is not valid yet")]
    NotYetValid,
    #[error("Missing required header for this request: x-amz-content-sha256")]
    XAmzContentSha256Missing,
    #[error(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
         STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
    )]
    XAmzContentSha256Invalid,
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter \
         or the Authorization header should be specified"
    )]
    TwoMechanisms,
    /// 400 `InvalidRequest`: signature version 2.
    #[error("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")]
    UnsupportedV2,
    /// 400 `InvalidArgument`: `Authorization` is something else altogether.
    #[error("Unsupported Authorization Type")]
    UnsupportedAuthorization,
    /// 400 `InvalidToken`: there are no temporary credentials here, so no session token is right.
    #[error("The provided token is malformed or otherwise invalid.")]
    InvalidToken,
}
