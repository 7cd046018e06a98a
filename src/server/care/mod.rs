//! What goes on beside the requests: the heartbeat, and background work under leases.

mod metrics;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

pub(crate) use self::metrics::CareMetrics;
use super::start::stays;
use crate::care::scrub::{ScrubMetrics, Scrubber};
use crate::failure::Failure;
use crate::model::WriterId;
use crate::ops::Gateway;
use crate::storage::Error;
use crate::storage::blobs::BlobStore;
use crate::storage::care::{Expirer, Lease, Reaper, Sweeper, Task, keep_alive};
use crate::storage::index::{Index, Silence};
use crate::storage::pins::Pins;

/// What is added to the longest that a request may take: clocks differ, and an end takes its time. What another process
/// freed longer ago is read by nobody, and what a fenced process was writing when it was fenced has ended.
const AFTER_THE_LONGEST: Duration = Duration::from_mins(10);
/// How long giving a lease back may take at the end: without it another process waits for the lease to run out.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the background work needs.
pub struct Carer {
    /// The index.
    pub index: Arc<dyn Index>,
    /// The blob store.
    pub blobs: BlobStore,
    /// The readers of this process.
    pub pins: Pins,
    /// This process.
    pub writer: WriterId,
    /// What the scrubber reads by.
    pub gateway: Gateway,
    /// The longest that a request may take, here and in the other processes.
    pub longest_request: Duration,
    /// How fast the scrubber reads, in bytes a second; 0 for not at all.
    pub scrub_rate: u64,
    /// Where it is counted.
    pub metrics: CareMetrics,
    /// Where what the scrubber finds is.
    pub scrub_metrics: ScrubMetrics,
}

/// The background work of this process.
pub struct Care {
    heartbeat: JoinHandle<()>,
    tasks: JoinSet<()>,
    leases: Vec<Lease>,
}

impl Carer {
    /// Registers this process as a writer and starts what goes on beside the requests.
    pub async fn start(self) -> Result<Care, Failure> {
        let failed = |error: Error| Failure::run("index", error);
        self.index.heartbeat(self.writer).await.map_err(failed)?;
        // Whoever carries the index into another marks it and then looks for writers: one of the two sees the other.
        stays(&*self.index).await?;
        if !self.index.shared() {
            // Whoever used it before is dead, and holds no lease any more.
            self.index.fence_silent(self.writer, Silence::Everyone).await.map_err(failed)?;
        }
        let heartbeat = tokio::spawn(keep_alive(self.index.clone(), self.writer));
        let mut care = Care { heartbeat, tasks: JoinSet::new(), leases: Vec::new() };
        let Self { index, blobs, pins, writer, .. } = &self;
        if index.shared() {
            let grace = self.longest_request + AFTER_THE_LONGEST;
            self.go(&mut care, Sweeper::shared(index.clone(), blobs.clone(), *writer, grace));
            self.go(&mut care, Reaper::new(index.clone(), blobs.clone(), pins.clone(), grace));
        } else {
            self.go(&mut care, Sweeper::alone(index.clone(), blobs.clone(), *writer));
            self.go(&mut care, Reaper::new(index.clone(), blobs.clone(), pins.clone(), Duration::ZERO));
        }
        self.go(&mut care, Expirer::new(index.clone()));
        if self.scrub_rate > 0 {
            self.go(&mut care, Scrubber::new(&self.gateway, self.scrub_rate, self.scrub_metrics.clone()));
        }
        Ok(care)
    }

    fn go(&self, care: &mut Care, task: impl Task + 'static) {
        let lease = Lease::new(self.index.clone(), task.name(), self.writer);
        care.leases.push(lease.clone());
        care.tasks.spawn(worker::work(task, lease, self.metrics.clone()));
    }
}

impl Care {
    /// Returns when this process must not go on: another one has declared it dead, or has carried the index into another.
    /// Says which.
    pub async fn ended(&mut self, index: &dyn Index) -> Failure {
        // A caller may have given up waiting, and come again.
        if !self.heartbeat.is_finished() {
            let _ = (&mut self.heartbeat).await;
        }
        match stays(index).await {
            Err(moved @ Failure::Config(_)) => moved,
            _ => Failure::Run("another process has declared this one dead: its blobs may be gone".to_owned()),
        }
    }

    /// Ends the background work, and leaves it to others. The heartbeat goes on: requests may still run.
    pub async fn end(&mut self) {
        self.tasks.shutdown().await;
        let release = async {
            for lease in &self.leases {
                if let Err(error) = lease.release().await {
                    tracing::warn!(%error, "a lease could not be given back: it runs out");
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, release).await;
    }
}
