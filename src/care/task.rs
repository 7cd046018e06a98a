//! Background work in rounds.

use std::time::Duration;

use async_trait::async_trait;

use crate::storage::Error;

/// The most blobs in one request to the index or the store.
pub(crate) const BATCH: u32 = 1000;

/// Background work beside the requests, in rounds. A round may be cancelled at any time.
#[async_trait]
pub trait Task: Send {
    /// The name of the task, and of its lease.
    fn name(&self) -> &'static str;
    /// Does the work that is due now.
    async fn round(&mut self) -> Result<Round, Error>;
}

/// The outcome of a round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Round {
    /// The number of processed items.
    pub done: u64,
    /// How long to wait until the next round.
    pub rest: Duration,
}
