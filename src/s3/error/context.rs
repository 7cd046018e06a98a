//! What an error is about.

use poem::http::Method;

/// What the answer to a refused request says of the request.
#[derive(Clone, Debug)]
pub(in crate::s3) struct ErrorContext {
    pub(in crate::s3) request_id: String,
    /// The id of the process that answers.
    pub(in crate::s3) host_id: String,
    pub(in crate::s3) method: Method,
    /// The bucket, as the client spelled it.
    pub(in crate::s3) bucket: Option<String>,
    pub(in crate::s3) key: Option<String>,
    pub(in crate::s3) version: Option<String>,
    pub(in crate::s3) upload: Option<String>,
    /// The conditional header that was sent.
    pub(in crate::s3) condition: Option<&'static str>,
}
