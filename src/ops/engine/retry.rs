//! Repeats an operation if another request changed what it reads.

use crate::ops::engine::error::Error;

/// How often an operation is attempted while other requests change what it reads.
const ATTEMPTS: u32 = 8;

/// Repeats an attempt while it ends in [`Error::Conflict`]: another request changed rows or freed a blob that
/// the attempt had read, before the attempt ended.
pub(crate) async fn settled<T, F>(attempt: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    settled_with((), |()| async { (attempt().await, ()) }).await
}

/// Like [`settled`], for attempts that pass a state on to the next attempt.
pub(crate) async fn settled_with<S, T, F>(mut state: S, attempt: impl Fn(S) -> F) -> Result<T, Error>
where
    F: Future<Output = (Result<T, Error>, S)>,
{
    for _ in 0..ATTEMPTS {
        match attempt(state).await {
            (Err(Error::Conflict), same) => state = same,
            (outcome, _) => return outcome,
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn after(conflicts: u32) -> (Result<u32, Error>, u32) {
        let tries = Cell::new(0);
        let outcome = settled(async || {
            tries.set(tries.get() + 1);
            if tries.get() > conflicts { Ok(tries.get()) } else { Err(Error::Conflict) }
        })
        .await;
        (outcome, tries.get())
    }

    #[tokio::test]
    async fn an_attempt_is_repeated_until_it_settles() {
        assert!(matches!(after(0).await, (Ok(1), 1)));
        assert!(matches!(after(7).await, (Ok(8), 8)));
    }

    #[tokio::test]
    async fn an_attempt_that_never_settles_is_a_conflict() {
        assert!(matches!(after(8).await, (Err(Error::Conflict), 8)));
    }

    #[tokio::test]
    async fn other_errors_end_the_attempts() {
        let tries = Cell::new(0);
        let outcome: Result<(), _> = settled(async || {
            tries.set(tries.get() + 1);
            Err(Error::NoSuchBucket)
        })
        .await;
        assert!(matches!(outcome, Err(Error::NoSuchBucket)));
        assert_eq!(tries.get(), 1);
    }
}
