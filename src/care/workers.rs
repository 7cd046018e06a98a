//! The background work of a process: the heartbeat, and the tasks under leases.

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

/// Added to the time of the longest request, because clocks differ and the end of a request takes time. Once
/// this total time has passed, nobody reads a blob that was freed before, and every write of a fenced process
/// has ended.
const AFTER_THE_LONGEST: Duration = Duration::from_mins(10);
/// How long a process may try to release its leases at its end. Otherwise the next process waits until they
/// run out.
const FAREWELL: Duration = Duration::from_secs(2);

/// The arguments of the background work.
pub(crate) struct WorkerSetup {
    pub(crate) index: Arc<dyn Index>,
    pub(crate) blobs: BlobStore,
    /// The pins of this process's readers.
    pub(crate) pins: Pins,
    /// The id of this process.
    pub(crate) writer: WriterId,
    /// The gateway that the scrubber reads through.
    pub(crate) gateway: Gateway,
    /// The time of the longest request, in this process and in others.
    pub(crate) longest_request: Duration,
    /// How many bytes a second the scrubber reads. If 0, there is no scrubber.
    pub(crate) scrub_rate: u64,
    pub(crate) metrics: CareMetrics,
    pub(crate) scrub_metrics: ScrubMetrics,
}

/// The running background work of this process.
pub(crate) struct Workers {
    heartbeat: JoinHandle<()>,
    tasks: JoinSet<()>,
    leases: Vec<Lease>,
}

impl WorkerSetup {
    /// Registers this process as a writer. A migration marks the index first, and then looks for writers. A
    /// process registers first, and then looks for the mark. So at least one of the two sees the other.
    pub(crate) async fn register(&self) -> Result<(), Error> {
        self.index.heartbeat(self.writer).await
    }

    /// Starts the heartbeat and the background work of a registered writer.
    pub(crate) async fn start(self) -> Result<Workers, Error> {
        if !self.index.shared() {
            // Every earlier process is dead. Once it is fenced, it holds no lease.
            self.index.fence_silent(self.writer, Silence::Everyone).await?;
        }
        let heartbeat = tokio::spawn(keep_alive(self.index.clone(), self.writer));
        let mut workers = Workers { heartbeat, tasks: JoinSet::new(), leases: Vec::new() };
        let Self { index, blobs, pins, writer, .. } = &self;
        if index.shared() {
            let grace = self.longest_request + AFTER_THE_LONGEST;
            self.spawn(&mut workers, Sweeper::shared(index.clone(), blobs.clone(), *writer, grace));
            self.spawn(&mut workers, Reaper::new(index.clone(), blobs.clone(), pins.clone(), grace));
        } else {
            self.spawn(&mut workers, Sweeper::alone(index.clone(), blobs.clone(), *writer));
            self.spawn(&mut workers, Reaper::new(index.clone(), blobs.clone(), pins.clone(), Duration::ZERO));
        }
        self.spawn(&mut workers, Expirer::new(index.clone()));
        if self.scrub_rate > 0 {
            self.spawn(
                &mut workers,
                Scrubber::new(&self.gateway, self.scrub_rate, self.scrub_metrics.clone()),
            );
        }
        Ok(workers)
    }

    fn spawn(&self, workers: &mut Workers, task: impl Task + 'static) {
        let lease = Lease::new(self.index.clone(), task.name(), self.writer);
        workers.leases.push(lease.clone());
        workers.tasks.spawn(worker::work(task, lease, self.metrics.clone()));
    }
}

impl Workers {
    /// Returns when this process must stop: another process has fenced it, or has migrated the index.
    pub(crate) async fn stopped(&mut self) {
        // A caller may have stopped waiting, and call again.
        if !self.heartbeat.is_finished() {
            let _ = (&mut self.heartbeat).await;
        }
    }

    /// Ends the background work, so that other processes can take it over. The heartbeat continues, because
    /// requests may still run.
    pub(crate) async fn end(&mut self) {
        self.tasks.shutdown().await;
        let release = async {
            for lease in &self.leases {
                if let Err(error) = lease.release().await {
                    tracing::warn!(%error, "a lease could not be released: it runs out");
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, release).await;
    }
}
