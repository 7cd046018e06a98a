//! The connections that commands may use, in shares: commands that wait for locks leave some to all others.
//!
//! If something holds a lock for long (a frozen replica in the middle of a command, a hot key), each command
//! that wants the lock would otherwise take a connection, until none is left. So a quarter of the connections
//! is for commands that never wait for a lock: reads, and in at most half of that quarter heartbeats and
//! readiness. A command that waited once in vain tries again among as few connections, and leaves the rest to
//! other keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of an index's connections.
#[derive(Clone)]
pub(super) struct ConnectionSlots {
    writers: Arc<Semaphore>,
    waiters: Arc<Semaphore>,
    urgent: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A slot that is taken, until it is dropped.
pub(super) struct ConnectionSlot {
    _writer: Option<OwnedSemaphorePermit>,
    _waiter: Option<OwnedSemaphorePermit>,
}

impl ConnectionSlots {
    /// The slots of so many connections.
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

    /// A slot for a command that may have to wait for a lock.
    pub(super) async fn to_write(&self) -> ConnectionSlot {
        let _waiting = Waiting::new(&self.waiting);
        ConnectionSlot { _writer: self.writers.clone().acquire_owned().await.ok(), _waiter: None }
    }

    /// A slot for a command that has waited for a lock in vain.
    pub(super) async fn to_wait(&self) -> ConnectionSlot {
        let _waiting = Waiting::new(&self.waiting);
        let waiter = self.waiters.clone().acquire_owned().await.ok();
        ConnectionSlot { _waiter: waiter, _writer: self.writers.clone().acquire_owned().await.ok() }
    }

    /// A slot for a command that waits for no lock.
    pub(super) async fn at_once(&self) -> ConnectionSlot {
        let _waiting = Waiting::new(&self.waiting);
        ConnectionSlot { _writer: self.urgent.clone().acquire_owned().await.ok(), _waiter: None }
    }

    /// How many commands wait for a slot.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts a command that waits for a slot.
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
