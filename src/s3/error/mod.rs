//! Why a request is refused, in S3's words: one closed error, one exhaustive table, one rendering.

mod context;
mod fault;
mod refusal;
mod render;
mod table;

pub(super) use context::ErrorContext;
pub(super) use fault::{Fault, OWNER_HEADER};
pub(super) use refusal::Refusal;
pub(super) use render::render;

use super::sigv4::SigError;
use crate::http::body::{BodyError, LimitedError};
use crate::identity::AuthError;
use crate::ops;

/// Everything that can go wrong on this face.
#[derive(Debug)]
pub(super) enum Error {
    /// The front refuses the request.
    Fault(Fault),
    /// The credentials do not verify.
    Signature(SigError),
    /// The access key could not be looked up.
    Identity(AuthError),
    /// The domain says no.
    Domain(ops::Error),
}

/// The code and the message of an error that is one of many in an answer.
pub(super) fn words(error: ops::Error, request_id: &str) -> (&'static str, String) {
    let error = Error::Domain(error);
    render::report(&error, request_id);
    table::words(&error)
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<SigError> for Error {
    fn from(error: SigError) -> Self {
        Self::Signature(error)
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        Self::Identity(error)
    }
}

impl From<ops::Error> for Error {
    fn from(error: ops::Error) -> Self {
        Self::Domain(error)
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::Domain(ops::Error::Body(error))
    }
}

impl From<LimitedError> for Error {
    fn from(error: LimitedError) -> Self {
        match error {
            LimitedError::TooLarge => Self::Fault(Fault::MaxMessageLengthExceeded),
            LimitedError::Body(error) => error.into(),
        }
    }
}
