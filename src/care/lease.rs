//! Work that one process does for all: the lease it does it under.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Index;

/// How long a lease lasts. Work whose process has died goes on elsewhere after that time.
const LASTS: Duration = Duration::from_mins(1);
/// How long one lasts where nobody else can want it: it is never renewed.
const ALONE: Duration = Duration::from_hours(24 * 365 * 10);

/// A lease that this process may hold.
#[derive(Clone)]
pub struct Lease {
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
    /// The lease of that name.
    pub fn new(index: Arc<dyn Index>, name: &'static str, holder: WriterId) -> Self {
        let lasts = if index.shared() { LASTS } else { ALONE };
        Self { index, name, holder, lasts }
    }

    /// One that lasts longer or shorter.
    #[must_use]
    pub fn lasting(self, lasts: Duration) -> Self {
        Self { lasts, ..self }
    }

    /// How long to wait before it is asked for again.
    pub fn retry_interval(&self) -> Duration {
        self.lasts.min(LASTS) / 3
    }

    /// Takes it. `None` while another holds it.
    pub async fn take(&self) -> Result<Option<Held<'_>>, Error> {
        // Counted from before the question, so that it is over here before it is over there.
        let taken = Instant::now();
        let held = self.index.lease(self.name, self.holder, self.lasts).await?;
        Ok(held.then_some(Held { lease: self, taken }))
    }

    /// Gives it back, where this process holds it.
    pub async fn release(&self) -> Result<(), Error> {
        self.index.release(self.name, self.holder).await
    }
}

/// A lease that is held.
#[derive(Debug)]
pub struct Held<'l> {
    lease: &'l Lease,
    taken: Instant,
}

impl Held<'_> {
    /// Renews it again and again. Returns once it is lost, or as good as lost: what is done under it must stop.
    pub async fn until_lost(mut self) {
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
