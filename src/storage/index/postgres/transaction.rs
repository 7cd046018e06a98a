//! Running a command until it is done.
//!
//! A command that conflicted with another, or whose connection was lost before its commit was sent, is run
//! again from the beginning. If the answer to a commit was lost, the database is asked about the outcome of
//! the transaction, and the caller gets that answer.
//!
//! The order of locks: first the locks of [`super::locks`], then rows of versions by their number, rows of
//! uploads, blobs by their id, counters. If a command breaks the order, the database finds the deadlock, and
//! the command is run again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Pool};
use futures_util::future::BoxFuture;

use super::connection::{self, PostgresOptions};
use super::connection_slots::{ConnectionSlot, ConnectionSlots};
use super::error::{Failed, is_conflict, is_locked, is_lost, is_standby, is_taken};
use super::session::{Name, TransactionKind};
pub(super) use super::session::{Params, Snapshot, Tx};
use crate::storage::Error;
use crate::storage::index::Result;

/// The first pause between the tries of a command: a random time between half of it and all of it, doubled
/// each time.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// The most conflicts of a command with a unique index. After the first, it sees the row of the other
/// command, and usually answers by it. A command that still conflicts will never succeed.
const MEETINGS: u32 = 5;

/// The longest time that an unanswered commit keeps its connection, so that later commands open no more of
/// them.
const UNANSWERED: Duration = Duration::from_mins(5);

#[derive(Clone)]
pub(super) struct Database {
    pool: Pool,
    slots: ConnectionSlots,
    timeout: Duration,
    retries: Arc<AtomicU64>,
}

impl Database {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        let (pool, slots) = (connection::pool(options)?, ConnectionSlots::among(options.connections));
        Ok(Self { pool, slots, timeout: options.timeout, retries: Arc::default() })
    }

    /// The state of the connections.
    pub(super) fn activity(&self) -> Activity {
        let status = self.pool.status();
        let waiting = status.waiting + self.slots.waiting();
        let retries = self.retries.load(Ordering::Relaxed);
        Activity { open: status.size, idle: status.available, waiting, retries }
    }

    async fn client(&self, tries: &Tries) -> Result<Client> {
        tries.within(async { Ok(self.pool.get().await?) }).await
    }

    /// Reads by single statements, each of which sees its own state. A read whose connection was lost is done
    /// again.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Snapshot) -> BoxFuture<'t, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let mut tries = Tries::new(self.timeout);
        loop {
            let outcome = match self.client(&tries).await {
                Ok(client) => self.read_once(client, &read, &tries).await,
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if tries.again(&error).await => self.count(&error),
                outcome => return outcome,
            }
        }
    }

    async fn read_once<T>(
        &self,
        client: Client,
        read: impl for<'t> Fn(&'t Snapshot) -> BoxFuture<'t, Result<T>>,
        tries: &Tries,
    ) -> Result<T> {
        let mut snapshot = Snapshot::new(client);
        let outcome = tries.within(read(&snapshot)).await;
        if outcome.as_ref().is_err_and(is_broken) {
            snapshot.close();
        }
        outcome
    }

    /// Reads one consistent state of the index by several statements.
    pub(super) async fn snapshot<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        self.run(TransactionKind::Snapshot, Arc::new(read)).await
    }

    /// Reads one consistent state of the index, for as long as that takes, and only once.
    pub(super) async fn survey<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let tx = Tx::begin(self.client(&Tries::new(self.timeout)).await?, TransactionKind::Survey).await?;
        let outcome = read(&tx).await;
        // If the rollback fails, the connection is closed.
        let _ = tx.roll_back().await;
        outcome
    }

    /// A consistent state of the index for as long as the transaction is kept. Its connection is closed with
    /// it.
    pub(super) async fn hold(&self) -> Result<Tx> {
        let tx = Tx::begin(self.client(&Tries::new(self.timeout)).await?, TransactionKind::Survey).await?;
        tx.batch("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        Ok(tx)
    }

    /// Runs a command, and waits until it is durable. Once begun it runs to its end, even if the caller no
    /// longer waits.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        self.to_its_end(TransactionKind::Write, work).await
    }

    /// The same for a command that waits for no lock, and must not wait behind commands that do.
    pub(super) async fn urgent<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        self.to_its_end(TransactionKind::Urgent, work).await
    }

    async fn to_its_end<T: Send + 'static>(
        &self,
        kind: TransactionKind,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let (this, work) = (self.clone(), Arc::new(work));
        let task = tokio::spawn(async move { this.run(kind, work).await });
        task.await.unwrap_or_else(|error| Err(Error::Internal(Box::new(error))))
    }

    /// Runs the creation of the tables, which may be run again after it was done.
    pub(super) async fn migrate(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<()>> + Send + Sync + 'static,
    ) -> Result<()> {
        self.run(TransactionKind::Migration, Arc::new(work)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        kind: TransactionKind,
        work: Arc<impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static>,
    ) -> Result<T> {
        let mut tries = Tries::new(self.timeout);
        loop {
            match self.attempt(kind, &*work, &tries).await {
                Err(error) if tries.again(&error).await => self.count(&error),
                outcome => return outcome.map_err(settled),
            }
        }
    }

    async fn attempt<T: Send + 'static>(
        &self,
        kind: TransactionKind,
        work: &(impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static),
        tries: &Tries,
    ) -> Result<T> {
        // It is given back last, after the locks.
        let slot = tries.within(self.slot(kind, tries)).await?;
        let client = self.client(tries).await?;
        let mut tx = tries.within(Tx::begin(client, kind)).await?;
        // The lock may have been on the counter slot of a command that never ends.
        tx.set_slots_on(tries.locks_met);
        let value = match tries.within(work(&tx)).await {
            Ok(value) => value,
            Err(error) => {
                if !is_broken(&error) {
                    let _ = tries.within(tx.roll_back()).await;
                }
                return Err(error);
            }
        };
        let name = tx.name();
        let mut commit = Box::pin(tx.commit());
        let error = match tries.in_time(&mut commit).await {
            Some(Err(error)) if kind.is_named() && is_broken(&error) => error,
            Some(outcome) => return outcome.map(|()| value),
            None => {
                // The server still works on it, as it does while its synchronous standby is away. It works on
                // no other command of this caller.
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(UNANSWERED, commit).await;
                    drop(slot);
                });
                late()
            }
        };
        match self.became_of(name, tries).await {
            Some(Outcome::Committed) => Ok(value),
            Some(Outcome::Aborted) => Err(error),
            None => Err(Error::Unavailable(
                format!("the database went away in the middle of a commit: {error}").into(),
            )),
        }
    }

    async fn slot(&self, kind: TransactionKind, tries: &Tries) -> Result<Option<ConnectionSlot>> {
        Ok(match kind {
            TransactionKind::Write if tries.locks_met > 0 => Some(self.slots.to_wait().await),
            TransactionKind::Write => Some(self.slots.to_write().await),
            TransactionKind::Urgent => Some(self.slots.at_once().await),
            TransactionKind::Snapshot | TransactionKind::Survey | TransactionKind::Migration => None,
        })
    }

    /// The outcome of a transaction whose connection was lost in its commit, if the database can be asked in
    /// time.
    async fn became_of(&self, name: Name, tries: &Tries) -> Option<Outcome> {
        let mut pause = FIRST_PAUSE;
        while !tries.over() {
            match tries.within(self.status(name)).await {
                Ok(Status::Known(outcome)) => return Some(outcome),
                Ok(Status::Unknowable) => return None,
                Ok(Status::Running) | Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }

    async fn status(&self, name: Name) -> Result<Status> {
        let snapshot = Snapshot::new(self.pool.get().await?);
        let sql = "SELECT CASE WHEN $1::bigint >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN 'unknown'
                       ELSE pg_xact_status($1::bigint::text::xid8) END,
                   (SELECT id FROM incarnation)";
        let row = snapshot.one(sql, &[&name.transaction]).await?;
        let is_same = row.try_get::<_, Option<i64>>(1)? == Some(name.incarnation);
        Ok(match row.try_get(0)? {
            // Another transaction may have got its number after a crash.
            Some("committed") if !is_same => Status::Unknowable,
            Some("committed") => Status::Known(Outcome::Committed),
            // A durable transaction has a lower number than all later ones.
            Some("aborted") => Status::Known(Outcome::Aborted),
            Some("unknown") if !is_same => Status::Known(Outcome::Aborted),
            _ => Status::Running,
        })
    }

    fn count(&self, error: &Error) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        // The other connections may lead to the same server.
        if failure(error).is_some_and(is_standby) {
            self.pool.retain(|_, _| false);
        }
    }
}

/// The activity of the connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Activity {
    /// The open connections.
    pub open: usize,
    /// The open connections that are idle.
    pub idle: usize,
    /// The commands that wait for a connection.
    pub waiting: usize,
    /// The number of commands that were run again since the start.
    pub retries: u64,
}

enum Status {
    Known(Outcome),
    Running,
    Unknowable,
}

enum Outcome {
    Committed,
    Aborted,
}

fn failure(error: &Error) -> Option<&tokio_postgres::Error> {
    match error {
        Error::Unavailable(source) => source.downcast_ref::<Failed>().map(|failed| &failed.0),
        _ => None,
    }
}

/// Whether its connection must not be used again: it is lost, or an answer is still to come.
fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_)) && failure(error).is_none_or(is_lost)
}

fn late() -> Error {
    Error::Unavailable("the database did not answer in time".into())
}

/// The final error for the caller. A conflict with a unique index that repeats will repeat later too.
fn settled(error: Error) -> Error {
    match error {
        Error::Unavailable(source) if source.downcast_ref::<Failed>().is_some_and(|it| is_taken(&it.0)) => {
            Error::Internal(source)
        }
        error => error,
    }
}

/// The tries of a command, and its deadline.
struct Tries {
    until: Instant,
    pause: Duration,
    meetings: u32,
    /// The number of times that it gave up waiting for a lock.
    locks_met: u32,
}

impl Tries {
    fn new(timeout: Duration) -> Self {
        Self { until: Instant::now() + timeout, pause: FIRST_PAUSE, meetings: 0, locks_met: 0 }
    }

    fn over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits for a step until the deadline.
    async fn within<T>(&self, step: impl Future<Output = Result<T>>) -> Result<T> {
        self.in_time(step).await.unwrap_or_else(|| Err(late()))
    }

    /// The same; `None` if the deadline has passed.
    async fn in_time<T>(&self, step: impl Future<Output = Result<T>>) -> Option<Result<T>> {
        let left = self.until.saturating_duration_since(Instant::now());
        // If a step is late by more than the server's own limit, the server is lost.
        tokio::time::timeout(left + Duration::from_secs(1), step).await.ok()
    }

    /// Returns whether to try the command again after this error, after a pause.
    async fn again(&mut self, error: &Error) -> bool {
        let Some(error) = failure(error) else { return false };
        self.meetings += u32::from(is_taken(error));
        self.locks_met += u32::from(is_locked(error));
        if !(is_conflict(error) || is_lost(error)) || self.meetings >= MEETINGS || self.over() {
            return false;
        }
        let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        tokio::time::sleep(self.pause.mul_f64(0.5 + share / 2.0)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
