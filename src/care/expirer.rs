//! The expirer: objects whose time to be deleted has come are deleted. Nobody is served them before that either.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::care::task::{Round, Task};
use crate::storage::Error;
use crate::storage::index::Index;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(10);
/// Objects of one command: it must not hold up the clients' for long.
const STEP: u32 = 100;

/// Deletes objects whose `X-Delete-At` has come.
pub struct Expirer {
    index: Arc<dyn Index>,
}

impl std::fmt::Debug for Expirer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expirer").finish_non_exhaustive()
    }
}

impl Expirer {
    /// An expirer.
    pub fn new(index: Arc<dyn Index>) -> Self {
        Self { index }
    }
}

#[async_trait]
impl Task for Expirer {
    fn name(&self) -> &'static str {
        "expirer"
    }

    async fn round(&mut self) -> Result<Round, Error> {
        // What is deleted is gone: a replica whose clock is ahead must not judge by it.
        let expired = self.index.expire(self.index.now().await?, STEP).await?;
        let rest = if expired >= STEP { Duration::ZERO } else { ROUND };
        Ok(Round { done: expired.into(), rest })
    }
}
