//! A few threads that read, each with its own connection. So a page that must come from the disk never blocks
//! the tasks of the runtime.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::Snapshot;
use crate::storage::Error;
use crate::storage::index::Result;

type Job = Box<dyn FnOnce(&Connection) + Send>;

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Queue {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The readers' handle. Dropping it closes their connections.
pub(super) struct Readers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads.
    pub(super) fn start(path: &Path, open: fn(&Path) -> Result<Connection>) -> Result<Self> {
        let count = std::thread::available_parallelism().map_or(4, |n| n.get().clamp(4, 16));
        let queue = Arc::new(Queue::default());
        let mut readers = Self { queue: Arc::clone(&queue), threads: Vec::with_capacity(count) };
        for number in 0..count {
            let connection = open(path)?;
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new()
                .name(format!("index-reader-{number}"))
                .spawn(move || {
                    while let Some(job) = queue.next() {
                        job(&connection);
                    }
                })
                .map_err(|error| Error::Unavailable(Box::new(error)))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Reads with one statement.
    pub(super) async fn statement<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(move |connection| read(&Snapshot::new(connection))).await
    }

    /// Reads with several statements that see one state of the index.
    pub(super) async fn snapshot<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(move |connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let outcome = catch_unwind(AssertUnwindSafe(|| read(&Snapshot::new(connection))))
                .unwrap_or_else(|_| Err(Error::Internal("a reader of the index panicked".into())));
            if !connection.is_autocommit() {
                connection.prepare_cached("COMMIT")?.execute([])?;
            }
            outcome
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            if !reply.is_closed() {
                let outcome = catch_unwind(AssertUnwindSafe(|| read(connection)));
                let panicked = |_| Err(Error::Internal("a reader of the index panicked".into()));
                let _ = reply.send(outcome.unwrap_or_else(panicked));
            }
        });
        self.queue.with(|state| state.jobs.push_back(job));
        self.queue.ready.notify_one();
        answer.await.unwrap_or_else(|_| Err(Error::Unavailable("the index is closed".into())))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.with(|state| state.closed = true);
        self.queue.ready.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
