//! Places among the connections, so that commands that wait for locks leave some of them to all others.
//!
//! Whoever holds a lock for long (a replica that is frozen in the middle of a command, a hot key) would else have a connection of
//! each command that wants it, until none is left. A quarter of the connections is for those that never wait for a lock: reads,
//! and at most half of it heartbeats and readiness. And who once waited in vain waits on among as few, so that the rest is there for other keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places there are.
#[derive(Clone)]
pub(super) struct Places {
    writers: Arc<Semaphore>,
    waiters: Arc<Semaphore>,
    urgent: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    _writer: Option<OwnedSemaphorePermit>,
    _waiter: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// Those among so many connections.
    pub(super) fn among(connections: usize) -> Self {
        let quarter = (connections / 4).max(2);
        let writers = connections.saturating_sub(quarter).max(1);
        Self {
            writers: Arc::new(Semaphore::new(writers)),
            waiters: Arc::new(Semaphore::new(quarter)),
            urgent: Arc::new(Semaphore::new(quarter / 2)),
            waiting: Arc::default(),
        }
    }

    /// A place for a command that may have to wait for a lock.
    pub(super) async fn to_write(&self) -> Place {
        let _waiting = Waiting::new(&self.waiting);
        Place { _writer: self.writers.clone().acquire_owned().await.ok(), _waiter: None }
    }

    /// A place for one that has waited in vain.
    pub(super) async fn to_wait(&self) -> Place {
        let _waiting = Waiting::new(&self.waiting);
        let waiter = self.waiters.clone().acquire_owned().await.ok();
        Place { _waiter: waiter, _writer: self.writers.clone().acquire_owned().await.ok() }
    }

    /// A place for a command that waits for no lock.
    pub(super) async fn at_once(&self) -> Place {
        let _waiting = Waiting::new(&self.waiting);
        Place { _writer: self.urgent.clone().acquire_owned().await.ok(), _waiter: None }
    }

    /// How many wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// One that waits for a place.
struct Waiting<'p>(&'p AtomicUsize);

impl<'p> Waiting<'p> {
    fn new(waiting: &'p AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
