//! Finds the caller to whom a token belongs.

use poem::http::{HeaderMap, StatusCode};

use super::error::Failure;
use crate::http::context::RequestContext;
use crate::identity::{AuthError, Authenticator, DirectoryError};
use crate::ops::Caller;

/// The headers that can hold a token, in the order in which they are tried.
const TOKEN_HEADERS: [&str; 2] = ["x-auth-token", "x-storage-token"];

/// Finds the caller. A request without a token is anonymous. A request with a bad token is refused, whatever
/// it asks for.
pub(crate) async fn caller(
    authenticator: &Authenticator,
    headers: &HeaderMap,
    context: &RequestContext,
) -> Result<Caller, Failure> {
    let mut caller = Caller {
        identity: None,
        secure: context.secure,
        expected_owner: None,
        request_id: context.id.clone(),
    };
    let Some(token) = TOKEN_HEADERS.iter().find_map(|name| headers.get(*name)).filter(|t| !t.is_empty())
    else {
        return Ok(caller);
    };
    let token = token.to_str().map_err(|_| unauthorized())?;
    let info = authenticator.token(token).await.map_err(|error| failure(&error))?;
    // A token for no project opens no storage.
    caller.identity = Some(info.identity.clone().ok_or_else(unauthorized)?);
    Ok(caller)
}

fn unauthorized() -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED)
}

fn failure(error: &AuthError) -> Failure {
    match error {
        AuthError::Rejected(_) => unauthorized(),
        AuthError::Busy => Failure::try_again(),
        AuthError::Directory(DirectoryError::Unavailable(_)) => {
            tracing::error!(%error, "a token could not be checked");
            Failure::try_again()
        }
        AuthError::Directory(DirectoryError::Damaged(_)) | AuthError::Internal(_) => {
            tracing::error!(%error, "a token could not be checked");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
