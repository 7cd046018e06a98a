//! Errors of identification.

use std::error::Error;
use std::fmt;

use super::DirectoryError;

/// The reason why a credential identified nobody. It never holds the credential.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The credential is not good. A client learns no more than that; the reason is for the log.
    #[error("the credentials are refused: {0}")]
    Rejected(Rejection),
    /// Too many password checks are waiting: try again.
    #[error("too many logins at once")]
    Busy,
    /// The directory gave no answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A defect of ours, or of the machine's randomness.
    #[error("internal error: {0}")]
    Internal(#[source] Defect),
}

/// The step that failed, and the error below it, if there is one.
#[derive(Debug)]
pub struct Defect {
    what: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Defect {
    /// The step that failed, without the error below it.
    pub const fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

impl Error for Defect {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl AuthError {
    /// A defect without an error below it.
    pub(super) fn defect(what: &'static str) -> Self {
        Self::Internal(Defect { what, source: None })
    }

    /// A defect that an error caused.
    pub(super) fn internal(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Defect { what, source: Some(source.into()) })
    }
}

/// The reason why a credential is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Rejection {
    /// No such user, or not this password.
    #[error("unknown user or wrong password")]
    Password,
    /// The user is disabled.
    #[error("the user is disabled")]
    Disabled,
    /// No such project, or the user has no role in it.
    #[error("no role in the project")]
    NoRole,
    /// No such domain.
    #[error("no such domain")]
    NoDomain,
    /// Not a token of ours: wrong form, algorithm, issuer or audience.
    #[error("not a token")]
    NotAToken,
    /// The token's key is unknown.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The token's signature does not verify.
    #[error("the token's signature does not verify")]
    Signature,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token was revoked, alone or with all tokens of its user.
    #[error("the token is revoked")]
    Revoked,
}

impl From<Rejection> for AuthError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
