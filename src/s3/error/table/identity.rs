//! Access keys that could not be looked up.

use poem::http::StatusCode;

use super::{Answer, access_denied, internal, unavailable};
use crate::identity::AuthError;

pub(super) fn answer(error: &AuthError) -> Answer {
    match error {
        AuthError::Rejected(_) => access_denied(),
        AuthError::Busy => {
            Answer::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.")
        }
        AuthError::Directory(_) => unavailable(),
        AuthError::Internal(_) => internal(),
    }
}
