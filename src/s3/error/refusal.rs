//! Why one setting is refused. The file of the setting makes it, beside the rule that it is about.

use std::borrow::Cow;

use poem::http::StatusCode;

/// A refusal in S3's words, for what a single setting or document has to say. What many operations share is a
/// [`Fault`](super::Fault) of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::s3) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    pub(super) extras: Vec<(&'static str, String)>,
}

impl Refusal {
    /// 404: the setting was never set.
    pub(in crate::s3) const fn absent(code: &'static str, message: &'static str) -> Self {
        Self::of(StatusCode::NOT_FOUND, code, message)
    }

    /// 400: the setting breaks a rule.
    pub(in crate::s3) const fn invalid(code: &'static str, message: &'static str) -> Self {
        Self::of(StatusCode::BAD_REQUEST, code, message)
    }

    pub(in crate::s3) const fn of(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message: Cow::Borrowed(message), extras: Vec::new() }
    }

    /// 400, with a message that repeats a part of the request.
    pub(in crate::s3) fn invalid_with(code: &'static str, message: String) -> Self {
        Self { message: Cow::Owned(message), ..Self::invalid(code, "") }
    }

    /// An element beside code and message.
    pub(in crate::s3) fn with(mut self, element: &'static str, value: impl Into<String>) -> Self {
        self.extras.push((element, value.into()));
        self
    }
}
