//! Care of what is stored: who writes is known to be alive, what the dead left behind is swept, what was freed is
//! deleted, and what has expired goes.
//!
//! Age alone proves nothing. An orphan is an unindexed blob of a writer that is fenced, so that nobody can publish it
//! any more; a freed blob goes when no reader can still know it.
//!
//! Each piece of work is a [`Task`] that goes in rounds. Where several processes use one index, one of them does a task
//! for all, under a [`Lease`]; and every round is harmless when another does it as well.

mod expirer;
mod kept;
mod lease;
mod reaper;
mod sweeper;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use expirer::Expirer;
pub use kept::may_delete;
pub use lease::Lease;
pub use reaper::Reaper;
pub use sweeper::Sweeper;

use super::Error;
use super::index::Index;
use super::index::rows::Mark;
use crate::model::WriterId;

/// How often a writer says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a writer of a shared index may be silent before others take it for dead.
pub const SILENT: Duration = Duration::from_mins(1);

/// Blobs in one round's request.
const BATCH: u32 = 1000;

/// Work that goes on beside the requests, in rounds. A round may be broken off at any time.
#[async_trait]
pub trait Task: Send {
    /// Its name, and that of its lease.
    fn name(&self) -> &'static str;
    /// Does what is to be done now.
    async fn round(&mut self) -> Result<Round, Error>;
}

/// What a round came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Round {
    /// How many things it dealt with.
    pub done: u64,
    /// How long there is nothing to do.
    pub rest: Duration,
}

/// Says that this writer is alive, again and again. Returns only when it must stop: another process has fenced it, so that
/// what it writes is deleted; or, while it was silent, has carried the index into another, so that what it writes is lost.
pub async fn keep_alive(index: Arc<dyn Index>, writer: WriterId) {
    loop {
        match beat(&*index, writer).await {
            Ok(false) => {}
            Ok(true) | Err(Error::Fenced) => return,
            Err(error) => tracing::warn!(%error, "the writer could not renew its heartbeat"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

/// Whether the index was carried into another.
async fn beat(index: &dyn Index, writer: WriterId) -> Result<bool, Error> {
    index.heartbeat(writer).await?;
    Ok(index.rows().mark(Mark::Moved).await?.is_some())
}
