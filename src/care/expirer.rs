//! The expirer deletes objects whose time of deletion has come. From that time on, nobody is served such an
//! object, even if it is not deleted yet.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::care::task::{Round, Task};
use crate::storage::Error;
use crate::storage::index::Index;

/// The pause between two rounds.
const ROUND: Duration = Duration::from_secs(10);
/// The most objects of one command: it must not delay the commands of clients for long.
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
        // A deletion is final. So the index's clock decides, not the clock of a replica, which may be ahead.
        let expired = self.index.expire(self.index.now().await?, STEP).await?;
        let rest = if expired >= STEP { Duration::ZERO } else { ROUND };
        Ok(Round { done: expired.into(), rest })
    }
}
