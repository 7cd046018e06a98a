//! The two views that commands work on, a snapshot to read and a transaction to write, and how a command is run until it is done.
//!
//! A command that met another one, or whose connection was lost before its commit was sent, is run again from the beginning. Where
//! the answer to a commit was lost, the database is asked what became of the transaction: what it says is what the caller hears.
//!
//! Statements go out in the order in which their futures are first polled, whether or not one has to be prepared first: those that are
//! joined travel together and are carried out one after the other.
//!
//! Whoever locks, locks in this order: what [`super::locks`] says, then rows of versions by their number, rows of uploads, blobs by
//! their id, counters. What breaks the order is found by the database as a deadlock, and run again.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Pool};
use futures_util::future::{BoxFuture, join};
use futures_util::poll;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::connection::{self, PostgresOptions};
use super::error::{is_conflict, is_lost, is_taken};
use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::Result;

/// Pauses between the tries of a command: half of this to all of it, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often a command may meet a unique index. After the first time it sees what stands there; so one that knows what to say to it
/// has said it, and the others never will.
const MEETINGS: u32 = 5;

/// A statement's parameters.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// The database.
#[derive(Clone)]
pub(super) struct Database {
    pool: Pool,
    timeout: Duration,
}

impl Database {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        Ok(Self { pool: connection::pool(options)?, timeout: options.timeout })
    }

    /// A connection for single statements, each of which sees a state of its own.
    pub(super) async fn reader(&self) -> Result<Snapshot> {
        Ok(Snapshot::new(self.pool.get().await?))
    }

    /// Reads by single statements. A read whose connection was lost is done again.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Snapshot) -> BoxFuture<'t, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let mut tries = Tries::new(self.timeout);
        loop {
            let outcome = match self.reader().await {
                Ok(snapshot) => tries.within(read(&snapshot)).await,
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if tries.again(&error).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Reads one consistent state of the index by several statements.
    pub(super) async fn snapshot<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", false, Arc::new(read)).await
    }

    /// Reads one consistent state of the index, however long that takes, and once.
    pub(super) async fn survey<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
        let tx = Tx::begin(self.pool.get().await?, begin, false).await?;
        let outcome = read(&tx).await;
        tx.roll_back().await;
        outcome
    }

    /// Runs a command and waits until it is durable. Once begun it runs to its end, whether or not the caller still waits.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let (this, work) = (self.clone(), Arc::new(work));
        let task = tokio::spawn(async move { this.run("BEGIN", true, work).await });
        task.await.unwrap_or_else(|error| Err(Error::Internal(Box::new(error))))
    }

    async fn run<T: Send + 'static>(
        &self,
        begin: &str,
        writes: bool,
        work: Arc<impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static>,
    ) -> Result<T> {
        let mut tries = Tries::new(self.timeout);
        loop {
            match self.attempt(begin, writes, &*work, &tries).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return outcome.map_err(settled),
            }
        }
    }

    async fn attempt<T: Send + 'static>(
        &self,
        begin: &str,
        writes: bool,
        work: &(impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static),
        tries: &Tries,
    ) -> Result<T> {
        let client = self.pool.get().await?;
        let tx = match tries.within(Tx::begin(client, begin, writes)).await {
            Ok(tx) => tx,
            Err(error) => return Err(error),
        };
        let outcome = tries.within(work(&tx)).await;
        let value = match outcome {
            Ok(value) => value,
            Err(error) => {
                tx.roll_back().await;
                return Err(error);
            }
        };
        let id = tx.id;
        match tries.within(tx.commit()).await {
            Ok(()) => Ok(value),
            Err(error) if !writes || !is_lost_connection(&error) => Err(error),
            Err(error) => match self.became_of(id, tries).await {
                Some(Outcome::Committed) => Ok(value),
                Some(Outcome::Aborted) => Err(error),
                None => Err(Error::Unavailable(
                    format!("the database went away in the middle of a commit: {error}").into(),
                )),
            },
        }
    }

    /// What became of a transaction whose connection was lost in its commit, as far as the database can be asked in time.
    async fn became_of(&self, id: i64, tries: &Tries) -> Option<Outcome> {
        let mut pause = FIRST_PAUSE;
        while !tries.over() {
            if let Ok(found) = tries.within(self.status(id)).await {
                match found.as_deref() {
                    Some("committed") => return Some(Outcome::Committed),
                    Some("aborted") => return Some(Outcome::Aborted),
                    _ => {}
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }

    async fn status(&self, id: i64) -> Result<Option<String>> {
        let snapshot = self.reader().await?;
        let row = snapshot.one("SELECT pg_xact_status($1::text::xid8)", &[&id.to_string()]).await?;
        Ok(row.try_get(0)?)
    }
}

enum Outcome {
    Committed,
    Aborted,
}

fn is_lost_connection(error: &Error) -> bool {
    match error {
        Error::Unavailable(source) => source.downcast_ref::<tokio_postgres::Error>().is_none_or(is_lost),
        _ => false,
    }
}

/// What the caller hears in the end. What a unique index refuses again and again will be refused later too.
fn settled(error: Error) -> Error {
    match error {
        Error::Unavailable(source) if source.downcast_ref().is_some_and(is_taken) => Error::Internal(source),
        error => error,
    }
}

/// How often and how long a command is tried.
struct Tries {
    until: Instant,
    pause: Duration,
    meetings: u32,
}

impl Tries {
    fn new(timeout: Duration) -> Self {
        Self { until: Instant::now() + timeout, pause: FIRST_PAUSE, meetings: 0 }
    }

    fn over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Waits for a step, as long as there is time.
    async fn within<T>(&self, step: impl Future<Output = Result<T>>) -> Result<T> {
        let left = self.until.saturating_duration_since(Instant::now());
        // A step that is late by more than the server's own limit has lost its server.
        tokio::time::timeout(left + Duration::from_secs(1), step)
            .await
            .unwrap_or_else(|_| Err(Error::Unavailable("the database did not answer in time".into())))
    }

    /// Whether the command is to be tried again after this error; pauses if so.
    async fn again(&mut self, error: &Error) -> bool {
        let Error::Unavailable(source) = error else { return false };
        let Some(error) = source.downcast_ref::<tokio_postgres::Error>() else { return false };
        self.meetings += u32::from(is_taken(error));
        if !(is_conflict(error) || is_lost(error)) || self.meetings >= MEETINGS || self.over() {
            return false;
        }
        let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        tokio::time::sleep(self.pause.mul_f64(0.5 + share / 2.0)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// What a command reads.
pub(super) struct Snapshot {
    /// Taken away only where the connection is closed.
    client: Option<Client>,
    /// Whose statement goes out next.
    turn: Mutex<()>,
}

impl Snapshot {
    fn new(client: Client) -> Self {
        Self { client: Some(client), turn: Mutex::new(()) }
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().ok_or_else(|| Error::Unavailable("the connection is closed".into()))
    }

    /// Sends a statement, prepared once a connection, when its turn has come.
    async fn send<'s, T, Answer>(
        &'s self,
        sql: &str,
        statement: impl FnOnce(&'s Client, Statement) -> Answer + Send,
    ) -> Result<T>
    where
        Answer: Future<Output = std::result::Result<T, tokio_postgres::Error>> + Send,
    {
        let turn = self.turn.lock().await;
        let client = self.client()?;
        let mut answer = pin!(statement(client, client.prepare_cached(sql).await?));
        // The first poll sends it; then it is the next one's turn.
        let at_once = poll!(answer.as_mut());
        drop(turn);
        match at_once {
            Poll::Ready(answer) => Ok(answer?),
            Poll::Pending => Ok(answer.await?),
        }
    }

    /// The first row, if there is one.
    pub(super) async fn maybe(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>> {
        Ok(self.all(sql, params).await?.into_iter().next())
    }

    /// The one row there always is.
    pub(super) async fn one(&self, sql: &str, params: Params<'_>) -> Result<Row> {
        self.maybe(sql, params).await?.ok_or_else(|| Error::Internal("a statement gave no row".into()))
    }

    /// All rows.
    pub(super) async fn all(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.send(sql, |client, statement| async move { client.query(&statement, params).await }).await
    }

    /// Two statements, both on their way at once, the first one done before the second begins.
    pub(super) async fn two(
        &self,
        first: (&str, Params<'_>),
        second: (&str, Params<'_>),
    ) -> Result<(Vec<Row>, Vec<Row>)> {
        let (first, second) = join(self.all(first.0, first.1), self.all(second.0, second.1)).await;
        Ok((first?, second?))
    }

    /// Whether there is a row.
    pub(super) async fn exists(&self, sql: &str, params: Params<'_>) -> Result<bool> {
        Ok(!self.all(sql, params).await?.is_empty())
    }
}

/// What a command writes through.
pub(super) struct Tx {
    snapshot: Snapshot,
    now: Timestamp,
    id: i64,
    open: bool,
}

impl Deref for Tx {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Tx {
    async fn begin(client: Client, begin: &str, writes: bool) -> Result<Self> {
        // The database's clock: all replicas have the same, however their own ones go.
        let sql = if writes {
            "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, pg_current_xact_id()::text"
        } else {
            "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, '0'"
        };
        let statement = client.prepare_cached(sql).await?;
        let snapshot = Snapshot::new(client);
        let mut tx = Self { snapshot, now: Timestamp::from_steps(0), id: 0, open: true };
        // Both on their way at once.
        let client = tx.client()?;
        let (begun, row) = join(client.batch_execute(begin), client.query_one(&statement, &[])).await;
        begun?;
        let row = row?;
        tx.now = Timestamp::from_steps(row.try_get(0)?);
        tx.id = row
            .try_get::<_, &str>(1)?
            .parse()
            .map_err(|_| Error::Internal("a transaction without id".into()))?;
        Ok(tx)
    }

    /// The command's time, by the database's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs a statement and tells how many rows it changed.
    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        self.send(sql, |client, statement| async move { client.execute(&statement, params).await }).await
    }

    /// Runs statements that take no parameters and give nothing back.
    pub(super) async fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    /// Inserts a row and tells its number, which the statement returns.
    pub(super) async fn insert(&self, sql: &str, params: Params<'_>) -> Result<i64> {
        Ok(self.one(sql, params).await?.try_get(0)?)
    }

    async fn commit(mut self) -> Result<()> {
        self.client()?.batch_execute("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    async fn roll_back(mut self) {
        // One that does not get back is closed with its connection.
        if let Ok(client) = self.client() {
            self.open = client.batch_execute("ROLLBACK").await.is_err();
        }
    }
}

/// A connection in an unknown state does not go back to the others.
impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            self.snapshot.client.take().map(Client::take);
        }
    }
}
