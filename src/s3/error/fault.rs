//! What the front itself refuses.

use super::refusal::Refusal;

/// Names the account that must own the bucket.
pub(in crate::s3) const OWNER_HEADER: &str = "x-amz-expected-bucket-owner";

/// Why the front refuses a request before any operation runs.
#[derive(Debug)]
pub(in crate::s3) enum Fault {
    /// No credentials where some are needed, or a bucket of another owner than expected.
    AccessDenied,
    /// The request makes no sense, for a reason that has no code of its own.
    BadRequest {
        /// What is wrong.
        message: String,
    },
    /// Two sub-resources in one query.
    ConflictingQuery {
        /// One of them.
        first: &'static str,
        second: &'static str,
    },
    /// A preflight request for a bucket without CORS rules.
    CorsNotEnabled,
    /// The body announced is larger than an object may be.
    EntityTooLarge {
        proposed: u64,
        /// The longest allowed.
        limit: u64,
    },
    /// A header asks for something that is not done here.
    NotImplemented {
        /// The header, or the element of a document.
        what: String,
        note: Option<String>,
    },
    /// Nobody has this access key.
    InvalidAccessKeyId { access_key: String },
    /// A header or parameter has a value it must not have.
    InvalidArgument {
        message: &'static str,
        name: &'static str,
        /// Its value; never one that may hold key material.
        value: Option<String>,
    },
    /// A bucket name that cannot be one.
    InvalidBucketName { name: String },
    /// `Content-MD5` is not 16 bytes in base64.
    InvalidDigest { value: String },
    /// An SSE-C algorithm other than AES256.
    InvalidEncryptionAlgorithm { value: String },
    /// There is no such part of the object.
    InvalidPartNumber {
        /// Which was asked for.
        asked: u32,
        /// How many there are.
        count: u32,
    },
    /// No byte of the object is in the range.
    InvalidRange {
        /// The range header.
        asked: String,
        /// The object's size.
        size: u64,
    },
    /// A redirect location that is no location.
    InvalidRedirectLocation,
    /// The request contradicts itself or the resource.
    InvalidRequest { message: String },
    /// No such storage class.
    InvalidStorageClass { class: String },
    /// A session token, and no service here gives any.
    InvalidToken,
    /// The path or query cannot be decoded.
    InvalidUri,
    /// The key is too long.
    KeyTooLong { found: usize, limit: usize },
    /// The XML body does not parse or does not validate.
    MalformedXml,
    /// An XML body that is too long.
    MaxMessageLengthExceeded,
    /// Too much user metadata.
    MetadataTooLarge { found: usize, limit: usize },
    /// The method means nothing here.
    MethodNotAllowed {
        /// What it was used on.
        resource: &'static str,
    },
    /// A PUT that does not say how long its body is.
    MissingContentLength,
    /// A document was to be sent, and nothing was.
    MissingRequestBody,
    /// An operation that S3 has and we do not yet.
    OperationNotImplemented { operation: &'static str },
    /// A setting is absent, or breaks a rule of its own.
    Setting(Refusal),
    /// A parameter asks for something that is not done here.
    QueryNotImplemented { parameter: String },
}

impl Fault {
    /// `InvalidRequest` with a sentence.
    pub(in crate::s3) fn invalid_request(message: impl Into<String>) -> Self {
        Self::InvalidRequest { message: message.into() }
    }

    /// A header that is not done here.
    pub(in crate::s3) fn header(header: impl Into<String>) -> Self {
        Self::NotImplemented { what: header.into(), note: None }
    }
}
