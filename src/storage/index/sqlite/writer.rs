//! The only thread that writes.
//!
//! It takes the commands that have queued, runs each in its own savepoint inside one transaction, commits
//! once, and only then answers all of them. So all commands that waited for one disk sync share the next. A
//! command that fails rolls back to its savepoint and does not touch its neighbours.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Checkpointer;
use super::connection::Tx;
use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::Result;

/// The most commands in one transaction: it bounds the work lost to a full disk, and the time of one commit.
const BATCH: usize = 256;

/// A command on its way through the writer.
trait Job: Send {
    /// Runs the command. Returns `false` if it failed: its changes are then undone.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Answers the caller. `lost` is the reason why the transaction did not become durable.
    fn settle(self: Box<Self>, lost: Option<&str>);
}

struct Command<T, F> {
    work: Option<F>,
    outcome: Result<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Tx<'_>) -> Result<T> + Send> Job for Command<T, F> {
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = catch_unwind(AssertUnwindSafe(|| work(tx)))
                .unwrap_or_else(|_| Err(Error::Internal("a command of the index panicked".into())));
        }
        self.outcome.is_ok()
    }

    fn settle(self: Box<Self>, lost: Option<&str>) {
        let outcome = match (self.outcome, lost) {
            (Ok(_), Some(why)) => Err(Error::Unavailable(why.into())),
            (outcome, _) => outcome,
        };
        // A caller that has gone away does not undo its command.
        let _ = self.reply.send(outcome);
    }
}

/// The writer's handle. When it is dropped, the writer finishes its queue and closes the connection.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, checkpointer: Checkpointer) -> Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("index-writer".into())
            .spawn(move || run(&connection, &queue, checkpointer))
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Queues a command, and waits until it is durable. A queued command runs even if the caller no longer
    /// waits.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let gone = || Error::Unavailable("the index is closed".into());
        let (reply, answer) = oneshot::channel();
        let not_run = Err(Error::Unavailable("the command was not run".into()));
        let job = Command { work: Some(work), outcome: not_run, reply };
        self.jobs.as_ref().ok_or_else(gone)?.send(Box::new(job)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, queue: &mpsc::Receiver<Box<dyn Job>>, checkpointer: Checkpointer) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut clock = Timestamp::from_steps(0);
    let mut gathering = Gathering::default();
    while let Ok(first) = queue.recv() {
        batch.push(first);
        gathering.gather(queue, &mut batch);
        let begun = Instant::now();
        let lost = commit(connection, &mut batch, &mut clock).err().map(|error| error.to_string());
        if let Some(why) = &lost {
            tracing::error!(error = %why, commands = batch.len(), "the index could not commit");
        }
        gathering = Gathering { batch: batch.len(), commit: begun.elapsed() };
        for job in batch.drain(..) {
            job.settle(lost.as_deref());
        }
        checkpointer.after_batch(connection);
    }
    // The last connection to close writes all of the log back: it is this one.
    drop(checkpointer);
}

/// The size and time of the last batch, which decide how long to wait for the next batch to fill.
///
/// Callers that were answered together mostly come again together, but one by one. Without waiting, the first
/// of them would get a disk sync of its own while the others queue for the next.
#[derive(Default)]
struct Gathering {
    batch: usize,
    commit: Duration,
}

impl Gathering {
    /// Takes the queued commands, and waits for as many as came the last time, for a fraction of the time of
    /// a commit.
    fn gather(&self, queue: &mpsc::Receiver<Box<dyn Job>>, batch: &mut Vec<Box<dyn Job>>) {
        batch.extend(queue.try_iter().take(BATCH - batch.len()));
        let deadline = Instant::now() + self.commit / 4;
        while batch.len() < self.batch {
            match queue.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(job) => batch.push(job),
                Err(_) => return,
            }
        }
    }
}

/// Runs a batch in one transaction.
fn commit(connection: &Connection, batch: &mut [Box<dyn Job>], clock: &mut Timestamp) -> Result<()> {
    let statement = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    statement("BEGIN IMMEDIATE")?;
    for job in batch.iter_mut() {
        *clock = Timestamp::now().max(*clock);
        let done = statement("SAVEPOINT command").map(|_| job.run(&Tx::new(connection, *clock)));
        if connection.is_autocommit() {
            // The failure (a full disk, a failed write) has already rolled everything back.
            return Err(Error::Unavailable("the transaction was rolled back".into()));
        }
        let ended = match done {
            Ok(true) => statement("RELEASE command"),
            Ok(false) => statement("ROLLBACK TO command").and_then(|_| statement("RELEASE command")),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            let _ = statement("ROLLBACK");
            return Err(error.into());
        }
    }
    if let Err(error) = statement("COMMIT") {
        if !connection.is_autocommit() {
            let _ = statement("ROLLBACK");
        }
        return Err(error.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x); PRAGMA max_page_count = 100").unwrap();
        let checkpointer = Checkpointer::start(Connection::open_in_memory().unwrap()).unwrap();
        Writer::start(connection, checkpointer).unwrap()
    }

    async fn count(writer: &Writer) -> i64 {
        writer.run(|tx| tx.one("SELECT count(*) FROM t", [], |row| row.get(0))).await.unwrap()
    }

    #[tokio::test]
    async fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
        let writer = writer();
        let insert =
            |bytes: i64| writer.run(move |tx| tx.execute("INSERT INTO t VALUES (zeroblob(?1))", [bytes]));
        insert(10).await.unwrap();
        let (small, large, other) = tokio::join!(insert(10), insert(10_000_000), insert(10));
        assert!(matches!(large, Err(Error::Unavailable(_))));
        let stand = 1 + i64::from(small.is_ok()) + i64::from(other.is_ok());
        assert_eq!(count(&writer).await, stand);
        insert(10).await.unwrap();
        assert_eq!(count(&writer).await, stand + 1);
    }

    #[tokio::test]
    async fn a_command_that_panics_is_undone_and_the_writer_lives() {
        let writer = writer();
        let outcome = writer.run(|tx| -> Result<()> {
            tx.execute("INSERT INTO t VALUES (1)", [])?;
            panic!("a bug");
        });
        assert!(matches!(outcome.await, Err(Error::Internal(_))));
        assert_eq!(count(&writer).await, 0);
    }

    #[tokio::test]
    async fn a_transaction_that_is_lost_fails_everybody_in_it() {
        let writer = writer();
        let good = writer.run(|tx| tx.execute("INSERT INTO t VALUES (1)", []));
        let fatal = writer.run(|tx| tx.execute("ROLLBACK", []));
        let (good, fatal) = tokio::join!(good, fatal);
        let stand = count(&writer).await;
        assert!(matches!(fatal, Err(Error::Unavailable(_))));
        assert_eq!(stand, i64::from(good.is_ok()), "acknowledged is what stands");
    }
}
