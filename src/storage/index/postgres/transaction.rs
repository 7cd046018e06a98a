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
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Pool};
use futures_util::future::{BoxFuture, join};
use futures_util::poll;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::connection::{self, PostgresOptions};
use super::error::{Failed, is_conflict, is_lost, is_standby, is_taken};
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

/// How a transaction begins, and what is known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// One state, read.
    Snapshot,
    /// One state, read for as long as that takes.
    Survey,
    /// A command, of which the database can be asked later.
    Write,
    /// The making of the tables.
    Migration,
}

impl Kind {
    const fn begin(self) -> &'static str {
        match self {
            Self::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Survey => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0",
            Self::Write | Self::Migration => "BEGIN",
        }
    }
}

/// The database.
#[derive(Clone)]
pub(super) struct Database {
    pool: Pool,
    timeout: Duration,
    retries: Arc<AtomicU64>,
}

impl Database {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        Ok(Self { pool: connection::pool(options)?, timeout: options.timeout, retries: Arc::default() })
    }

    /// What the connections do now.
    pub(super) fn activity(&self) -> Activity {
        let status = self.pool.status();
        let retries = self.retries.load(Ordering::Relaxed);
        Activity { open: status.size, idle: status.available, waiting: status.waiting, retries }
    }

    async fn client(&self, tries: &Tries) -> Result<Client> {
        tries.within(async { Ok(self.pool.get().await?) }).await
    }

    /// Reads by single statements, each of which sees a state of its own. A read whose connection was lost is done again.
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
        self.run(Kind::Snapshot, Arc::new(read)).await
    }

    /// Reads one consistent state of the index, however long that takes, and once.
    pub(super) async fn survey<T: Send + 'static>(
        &self,
        read: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync,
    ) -> Result<T> {
        let tx = Tx::begin(self.pool.get().await?, Kind::Survey).await?;
        let outcome = read(&tx).await;
        let _ = tx.roll_back().await;
        outcome
    }

    /// Runs a command and waits until it is durable. Once begun it runs to its end, whether or not the caller still waits.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let (this, work) = (self.clone(), Arc::new(work));
        let task = tokio::spawn(async move { this.run(Kind::Write, work).await });
        task.await.unwrap_or_else(|error| Err(Error::Internal(Box::new(error))))
    }

    /// Runs what makes the tables. It may be run again after it was done.
    pub(super) async fn migrate(
        &self,
        work: impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<()>> + Send + Sync + 'static,
    ) -> Result<()> {
        self.run(Kind::Migration, Arc::new(work)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        kind: Kind,
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
        kind: Kind,
        work: &(impl for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static),
        tries: &Tries,
    ) -> Result<T> {
        let client = self.client(tries).await?;
        let tx = tries.within(Tx::begin(client, kind)).await?;
        let value = match tries.within(work(&tx)).await {
            Ok(value) => value,
            Err(error) => {
                if !is_broken(&error) {
                    let _ = tries.within(tx.roll_back()).await;
                }
                return Err(error);
            }
        };
        let name = tx.name;
        let error = match tries.within(tx.commit()).await {
            Err(error) if kind == Kind::Write && is_broken(&error) => error,
            outcome => return outcome.map(|()| value),
        };
        match self.became_of(name, tries).await {
            Some(Outcome::Committed) => Ok(value),
            Some(Outcome::Aborted) => Err(error),
            None => Err(Error::Unavailable(
                format!("the database went away in the middle of a commit: {error}").into(),
            )),
        }
    }

    /// What became of a transaction whose connection was lost in its commit, as far as the database can be asked in time.
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
            // Another may have got its number after a crash.
            Some("committed") if !is_same => Status::Unknowable,
            Some("committed") => Status::Known(Outcome::Committed),
            // What was durable has a number below those that come.
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

/// What the connections do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Activity {
    /// Connections that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Commands that wait for one.
    pub waiting: usize,
    /// Commands that were run again, counted since the start.
    pub retries: u64,
}

/// What a transaction is known by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Name {
    transaction: i64,
    incarnation: i64,
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

/// Whether the connection that it came over must not be used again: it is gone, or an answer is still to come.
fn is_broken(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_)) && failure(error).is_none_or(is_lost)
}

/// What the caller hears in the end. What a unique index refuses again and again will be refused later too.
fn settled(error: Error) -> Error {
    match error {
        Error::Unavailable(source) if source.downcast_ref::<Failed>().is_some_and(|it| is_taken(&it.0)) => {
            Error::Internal(source)
        }
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
        let Some(error) = failure(error) else { return false };
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

    fn close(&mut self) {
        self.client.take().map(Client::take);
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
    name: Name,
    open: bool,
}

impl Deref for Tx {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Tx {
    async fn begin(client: Client, kind: Kind) -> Result<Self> {
        let snapshot = Snapshot::new(client);
        let nobody = Name { transaction: 0, incarnation: 0 };
        let mut tx = Self { snapshot, now: Timestamp::from_steps(0), name: nobody, open: true };
        if !tx.start(kind).await? {
            let id = i64::from_ne_bytes(
                getrandom::u64().map_err(|error| Error::Internal(Box::new(error)))?.to_ne_bytes(),
            );
            tx.batch("ROLLBACK").await?;
            tx.execute("INSERT INTO incarnation (one, id) VALUES (1, $1) ON CONFLICT DO NOTHING", &[&id])
                .await?;
            tx.start(kind).await?;
        }
        Ok(tx)
    }

    /// Begins the transaction. Tells whether it can be asked about later.
    async fn start(&mut self, kind: Kind) -> Result<bool> {
        // The database's clock: all replicas have the same, however their own ones go.
        let sql = match kind {
            Kind::Write => {
                "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, pg_current_xact_id()::text::bigint,
                     (SELECT id FROM incarnation)"
            }
            Kind::Snapshot | Kind::Survey | Kind::Migration => {
                "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, 0::bigint, 0::bigint"
            }
        };
        let statement = self.client()?.prepare_cached(sql).await?;
        // Both on their way at once.
        let client = self.client()?;
        let (begun, row) = join(client.batch_execute(kind.begin()), client.query_one(&statement, &[])).await;
        begun?;
        let row = row?;
        let incarnation: Option<i64> = row.try_get(2)?;
        self.now = Timestamp::from_steps(row.try_get(0)?);
        self.name = Name { transaction: row.try_get(1)?, incarnation: incarnation.unwrap_or_default() };
        Ok(incarnation.is_some())
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

    /// One that does not get back is closed with its connection.
    async fn roll_back(mut self) -> Result<()> {
        self.batch("ROLLBACK").await?;
        self.open = false;
        Ok(())
    }
}

/// A connection in an unknown state does not go back to the others.
impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            self.snapshot.close();
        }
    }
}
