//! Leases: one process does a piece of work for all, as long as it holds the lease of this work.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Index;

/// How long a lease lasts. If its holder dies, another process continues the work after this time.
const LASTS: Duration = Duration::from_mins(1);
/// How long a lease lasts if no other process can want it, so that it need not be renewed.
const ALONE: Duration = Duration::from_hours(24 * 365 * 10);

/// A lease that this process may take.
#[derive(Clone)]
pub(crate) struct Lease {
    index: Arc<dyn Index>,
    name: &'static str,
    holder: WriterId,
    lasts: Duration,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("name", &self.name).field("lasts", &self.lasts).finish_non_exhaustive()
    }
}

impl Lease {
    /// The name of a lease is the name of its task.
    pub(crate) fn new(index: Arc<dyn Index>, name: &'static str, holder: WriterId) -> Self {
        let lasts = if index.shared() { LASTS } else { ALONE };
        Self { index, name, holder, lasts }
    }

    /// The same lease with another duration.
    #[cfg(test)]
    pub(crate) fn lasting(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// How long to wait before the next attempt to take the lease.
    pub(crate) fn retry_interval(&self) -> Duration {
        self.lasts.min(LASTS) / 3
    }

    /// Takes the lease. `None` while another process holds it.
    pub(crate) async fn take(&self) -> Result<Option<Held<'_>>, Error> {
        // The time is counted from before the request, so the lease ends here before it ends in the index.
        let taken = Instant::now();
        let held = self.index.lease(self.name, self.holder, self.lasts).await?;
        Ok(held.then_some(Held { lease: self, taken }))
    }

    /// Gives the lease back, if this process holds it.
    pub(crate) async fn release(&self) -> Result<(), Error> {
        self.index.release(self.name, self.holder).await
    }
}

/// A lease that this process holds.
#[derive(Debug)]
pub(crate) struct Held<'l> {
    lease: &'l Lease,
    taken: Instant,
}

impl Held<'_> {
    /// Renews the lease repeatedly. Returns when the lease is lost, or may be lost before the next renewal:
    /// the work under it must stop then.
    pub(crate) async fn until_lost(mut self) {
        let Lease { index, name, holder, lasts } = self.lease;
        let step = *lasts / 3;
        loop {
            sleep(step).await;
            let asked = Instant::now();
            match timeout(step, index.lease(name, *holder, *lasts)).await {
                Ok(Ok(true)) => self.taken = asked,
                Ok(Ok(false) | Err(Error::Fenced)) => return,
                Ok(Err(error)) => tracing::warn!(%error, lease = *name, "a lease could not be renewed"),
                Err(_) => tracing::warn!(lease = *name, "a lease could not be renewed in time"),
            }
            if self.taken.elapsed() + step > *lasts {
                return;
            }
        }
    }
}
