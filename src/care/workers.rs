//! What goes on beside the requests: the heartbeat, and background work under leases.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use crate::care::expirer::Expirer;
use crate::care::heartbeat::keep_alive;
use crate::care::lease::Lease;
use crate::care::metrics::CareMetrics;
use crate::care::reaper::Reaper;
use crate::care::scrub::{ScrubMetrics, Scrubber};
use crate::care::sweeper::Sweeper;
use crate::care::task::Task;
use crate::care::worker;
use crate::model::WriterId;
use crate::ops::engine::gateway::Gateway;
use crate::storage::Error;
use crate::storage::blobs::BlobStore;
use crate::storage::index::{Index, Silence};
use crate::storage::pins::Pins;

/// What is added to the longest that a request may take: clocks differ, and an end takes its time. What another process
/// freed longer ago is read by nobody, and what a fenced process was writing when it was fenced has ended.
const AFTER_THE_LONGEST: Duration = Duration::from_mins(10);
/// How long giving a lease back may take at the end: without it another process waits for the lease to run out.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the background work needs.
pub struct WorkerSetup {
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
pub struct Workers {
    heartbeat: JoinHandle<()>,
    tasks: JoinSet<()>,
    leases: Vec<Lease>,
}

impl WorkerSetup {
    /// Registers this process as a writer. Whoever carries the index into another one marks the index first, and then
    /// looks for writers; a process registers first, and then looks for the mark. So one of the two sees the other.
    pub async fn register(&self) -> Result<(), Error> {
        self.index.heartbeat(self.writer).await
    }

    /// Starts the heartbeat and the background work of a registered writer.
    pub async fn start(self) -> Result<Workers, Error> {
        if !self.index.shared() {
            // Every earlier process is dead, and holds no lease any more.
            self.index.fence_silent(self.writer, Silence::Everyone).await?;
        }
        let heartbeat = tokio::spawn(keep_alive(self.index.clone(), self.writer));
        let mut workers = Workers { heartbeat, tasks: JoinSet::new(), leases: Vec::new() };
        let Self { index, blobs, pins, writer, .. } = &self;
        if index.shared() {
            let grace = self.longest_request + AFTER_THE_LONGEST;
            self.go(&mut workers, Sweeper::shared(index.clone(), blobs.clone(), *writer, grace));
            self.go(&mut workers, Reaper::new(index.clone(), blobs.clone(), pins.clone(), grace));
        } else {
            self.go(&mut workers, Sweeper::alone(index.clone(), blobs.clone(), *writer));
            self.go(&mut workers, Reaper::new(index.clone(), blobs.clone(), pins.clone(), Duration::ZERO));
        }
        self.go(&mut workers, Expirer::new(index.clone()));
        if self.scrub_rate > 0 {
            self.go(&mut workers, Scrubber::new(&self.gateway, self.scrub_rate, self.scrub_metrics.clone()));
        }
        Ok(workers)
    }

    fn go(&self, workers: &mut Workers, task: impl Task + 'static) {
        let lease = Lease::new(self.index.clone(), task.name(), self.writer);
        workers.leases.push(lease.clone());
        workers.tasks.spawn(worker::work(task, lease, self.metrics.clone()));
    }
}

impl Workers {
    /// Returns when this process must not go on: another process has fenced it, or has carried the index into another.
    pub async fn stopped(&mut self) {
        // A caller may have given up waiting, and come again.
        if !self.heartbeat.is_finished() {
            let _ = (&mut self.heartbeat).await;
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
