//! Work that goes on beside the requests, in rounds.

use std::time::Duration;

use async_trait::async_trait;

use crate::storage::Error;

/// Blobs in one round's request.
pub(crate) const BATCH: u32 = 1000;

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
