//! What PostgreSQL's failures mean to a caller.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::storage::Error;

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            _ if is_transient(&error) => Self::Unavailable(Box::new(error)),
            Some(code) if is_damage(code) => Self::Damaged(error.to_string()),
            _ => Self::Internal(Box::new(error)),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(Box::new(other)),
        }
    }
}

/// Whether the connection is of no more use.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.code().is_none_or(|code| code.code().starts_with("57P"))
}

/// Whether the same command may succeed when it is run again at once: it met another one.
pub(super) fn is_conflict(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::UNIQUE_VIOLATION,
        ]
        .contains(code)
    })
}

/// Whether a unique index holds a row that the command would have made.
pub(super) fn is_taken(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether it may succeed later: another command was met, or the server, its disk or the way to it is not there.
fn is_transient(error: &tokio_postgres::Error) -> bool {
    let is_absence = |code: &SqlState| {
        // Connections; resources; the operator's intervention; the system; a standby that cannot write.
        ["08", "53", "57", "58", "25006"].iter().any(|class| code.code().starts_with(class))
    };
    is_conflict(error) || is_lost(error) || error.code().is_some_and(is_absence)
}

fn is_damage(code: &SqlState) -> bool {
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code)
}
