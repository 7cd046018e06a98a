//! Writing the log back into the database, on a thread beside the writer: its disk syncs hold up no commit.
//!
//! While commands keep coming the thread never quite catches up, and a log starts anew only once all of it is
//! written back. So when it has grown long the writer writes back the little that is left, between two
//! batches.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::connection::BUSY_TIMEOUT;
use crate::storage::Error;
use crate::storage::index::Result;

/// Writes back what no reader and no commit has to wait for.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Pages that wait to be written back before it begins.
const BEGIN: i64 = 2_000;
/// Pages in the log from which on the writer helps with the last of them, so that it starts anew.
const HELP: i64 = 6_000;
/// Pages in the log from which on the writer waits until all are written back: the disk is slower than the
/// commands.
const WAIT: i64 = 10 * HELP;
/// How long it then waits for a reader that still needs the log. A snapshot may need it for minutes.
const READERS: Duration = Duration::from_millis(250);

/// The thread's handle. Dropping it closes its connection.
pub(super) struct Checkpointer {
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Pages in the log from which on the writer waits.
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

    /// Looks at the log after a batch. Called by the writer, on its connection.
    pub(super) fn after_batch(&self, writer: &Connection) {
        let state = pages(writer, "PRAGMA wal_checkpoint(NOOP)");
        let Ok((log, written)) = state else { return };
        if log < HELP {
            self.wait.set(WAIT);
        }
        if log >= self.wait.get() {
            // A reader that keeps the log from starting anew is not waited for again until much more has
            // come.
            self.wait.set(log + HELP);
            let _ = writer.busy_timeout(READERS);
            write_back(writer, "PRAGMA wal_checkpoint(RESTART)");
            let _ = writer.busy_timeout(BUSY_TIMEOUT);
        } else if log >= HELP && log - written < BEGIN {
            write_back(writer, PASSIVE);
        } else if log - written >= BEGIN
            && let Some(wake) = &self.wake
        {
            // Full: the thread is awake already.
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

/// Pages in the log, and those of them that are written back.
fn pages(connection: &Connection, sql: &str) -> rusqlite::Result<(i64, i64)> {
    connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}
