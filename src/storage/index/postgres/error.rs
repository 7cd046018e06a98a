//! The meaning of PostgreSQL's failures for a caller.

use std::error::Error as _;
use std::fmt;
use std::io;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::storage::Error;

/// A failure with its cause in the text.
#[derive(Debug)]
pub(super) struct Failed(pub(super) tokio_postgres::Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_db_error(), self.0.source()) {
            // Never print its detail, which may hold values.
            (Some(error), _) => write!(f, "the database says {} ({})", error.message(), error.code().code()),
            (None, Some(cause)) => write!(f, "{}: {cause}", self.0),
            (None, None) => write!(f, "{}", self.0),
        }
    }
}

impl std::error::Error for Failed {}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_transient = is_transient(&error);
        let is_damage = error.code().is_some_and(is_damage);
        let failed = Failed(error);
        match (is_transient, is_damage) {
            (true, _) => Self::Unavailable(Box::new(failed)),
            (false, true) => Self::Damaged(failed.to_string()),
            (false, false) => Self::Internal(Box::new(failed)),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(_) => Self::Unavailable("the database did not answer in time".into()),
            other => Self::Unavailable(Box::new(other)),
        }
    }
}

/// Whether the connection is lost, or there was none.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    // The operator stops or starts the server; the connection broke; it was idle too long; there are too
    // many; or the server only reads, so it is no longer the primary.
    let is_end = |code: &SqlState| {
        ["57P", "08", "25P03", "53300", "25006"].iter().any(|class| code.code().starts_with(class))
    };
    match error.code() {
        Some(code) => is_end(code),
        None => error.is_closed() || is_io(error),
    }
}

/// Whether the network to the server is broken. A server that is not trusted is reachable, and stays
/// untrusted.
fn is_io(error: &tokio_postgres::Error) -> bool {
    let Some(cause) = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()) else {
        return false;
    };
    match cause.get_ref() {
        Some(inner) => !inner.is::<rustls::Error>(),
        None => true,
    }
}

/// Whether the server only reads: it is no longer the primary, or never was.
pub(super) fn is_standby(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// Whether the same command may succeed if it is run again at once: it conflicted with another.
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

/// Whether another command held a lock for longer than the longest wait.
pub(super) fn is_locked(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// Whether a unique index already holds the row that the command would insert.
pub(super) fn is_taken(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether it may succeed later: it conflicted with another command, or the server, its disk or the network
/// is not available.
fn is_transient(error: &tokio_postgres::Error) -> bool {
    let is_absence = |code: &SqlState| {
        // Resources; the operator's intervention; the system.
        ["53", "57", "58"].iter().any(|class| code.code().starts_with(class))
    };
    is_conflict(error) || is_lost(error) || error.code().is_some_and(is_absence)
}

fn is_damage(code: &SqlState) -> bool {
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code)
}
