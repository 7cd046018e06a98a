//! Writing the log back into the database, on a thread beside the writer: its disk syncs hold up no commit.
//!
//! While commands keep coming, the thread never quite catches up, and SQLite starts a log anew only when all
//! of it is written back. So when the log has grown long, the writer writes back the rest, between two
//! batches.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::connection::BUSY_TIMEOUT;
use crate::storage::Error;
use crate::storage::index::Result;

/// Writes back the pages for which no reader and no commit has to wait.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// The number of pages in the log from which on the thread begins.
const BEGIN: i64 = 2_000;
/// The number of pages in the log from which on the writer helps with the last of them, so that the log
/// starts anew.
const HELP: i64 = 6_000;
/// The number of pages in the log from which on the writer waits until all are written back: the disk is
/// slower than the commands.
const WAIT: i64 = 10 * HELP;
/// The longest wait for a reader that still needs the log. A snapshot may need it for minutes.
const READERS: Duration = Duration::from_millis(250);

/// The thread's handle. Dropping it closes its connection.
pub(super) struct Checkpointer {
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The number of pages in the log from which on the writer waits.
    wait: Cell<i64>,
}

impl Checkpointer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (wake, woken) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("index-checkpoint".into())
            .spawn(move || {
                while woken.recv().is_ok() {
                    write_back(&connection, PASSIVE);
                }
            })
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { wake: Some(wake), thread: Some(thread), wait: Cell::new(WAIT) })
    }

    /// Checks the log after a batch. The writer calls it, on its connection.
    pub(super) fn after_batch(&self, writer: &Connection) {
        let state = pages(writer, "PRAGMA wal_checkpoint(NOOP)");
        let Ok((log, written)) = state else { return };
        if log < HELP {
            self.wait.set(WAIT);
        }
        if log >= self.wait.get() {
            // If a reader keeps the log from starting anew, wait for it again only after much more has come.
            self.wait.set(log + HELP);
            let _ = writer.busy_timeout(READERS);
            write_back(writer, "PRAGMA wal_checkpoint(RESTART)");
            let _ = writer.busy_timeout(BUSY_TIMEOUT);
        } else if log >= HELP && log - written < BEGIN {
            write_back(writer, PASSIVE);
        } else if log - written >= BEGIN
            && let Some(wake) = &self.wake
        {
            // If the channel is full, the thread is awake already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_back(connection: &Connection, sql: &str) {
    if let Err(error) = pages(connection, sql) {
        tracing::warn!(%error, "the index could not write its log back");
    }
}

/// The number of pages in the log, and the number of those that are written back.
fn pages(connection: &Connection, sql: &str) -> rusqlite::Result<(i64, i64)> {
    connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
