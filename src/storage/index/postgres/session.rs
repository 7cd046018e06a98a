//! The two views of the commands: a snapshot to read, and a transaction to write.
//!
//! Statements are sent in the order in which their futures are first polled, also if one must be prepared
//! first. Joined statements travel together, and run one after the other.

use std::ops::Deref;
use std::task::Poll;

use deadpool_postgres::Client;
use futures_util::future::join;
use futures_util::poll;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::Result;

/// A statement's parameters.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// The kind of a transaction: how it begins, and whether the database can be asked about it later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TransactionKind {
    /// One state, read.
    Snapshot,
    /// One state, read for as long as that takes.
    Survey,
    /// A command, about which the database can be asked later.
    Write,
    /// A command that waits for no lock. It gets its connection before the commands that may wait.
    Urgent,
    /// The creation of the tables.
    Migration,
}

impl TransactionKind {
    const fn begin(self) -> &'static str {
        match self {
            Self::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Survey => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;
                 SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"
            }
            Self::Write | Self::Urgent => "BEGIN",
            // The first replica creates the tables, for as long as that takes; the others wait.
            Self::Migration => "BEGIN; SET LOCAL lock_timeout = 0",
        }
    }

    /// Whether the database can be asked about its outcome.
    pub(super) const fn is_named(self) -> bool {
        matches!(self, Self::Write | Self::Urgent)
    }
}

/// The identity of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name {
    pub(super) transaction: i64,
    /// The incarnation of the database, in which the number is unique.
    pub(super) incarnation: i64,
}

/// The view of a command that reads.
pub(super) struct Snapshot {
    /// It is taken only when the connection is closed.
    client: Option<Client>,
    /// The turn of the next statement to be sent.
    turn: Mutex<()>,
}

impl Snapshot {
    pub(super) fn new(client: Client) -> Self {
        Self { client: Some(client), turn: Mutex::new(()) }
    }

    /// Keeps the connection from being used again.
    pub(super) fn close(&mut self) {
        self.client.take().map(Client::take);
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().ok_or_else(|| Error::Unavailable("the connection is closed".into()))
    }

    /// Sends a statement when its turn has come. A statement is prepared once for each connection.
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
        // In boxes, because a command joins many of these futures.
        let mut answer = Box::pin(statement(client, Box::pin(client.prepare_cached(sql)).await?));
        // The first poll sends it. Then the next statement has its turn.
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

    /// The only row, which always exists.
    pub(super) async fn one(&self, sql: &str, params: Params<'_>) -> Result<Row> {
        self.maybe(sql, params).await?.ok_or_else(|| Error::Internal("a statement gave no row".into()))
    }

    pub(super) async fn all(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        self.send(sql, |client, statement| async move { client.query(&statement, params).await }).await
    }

    /// Sends two statements at once. The first is done before the second begins.
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

/// The view of a command that writes.
pub(super) struct Tx {
    snapshot: Snapshot,
    now: Timestamp,
    name: Name,
    slots_on: i64,
    open: bool,
}

impl Deref for Tx {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl Tx {
    pub(super) async fn begin(client: Client, kind: TransactionKind) -> Result<Self> {
        let snapshot = Snapshot::new(client);
        let nobody = Name { transaction: 0, incarnation: 0 };
        let mut tx = Self { snapshot, now: Timestamp::from_steps(0), name: nobody, slots_on: 0, open: true };
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

    /// Begins the transaction. Returns whether the database can be asked about it later.
    async fn start(&mut self, kind: TransactionKind) -> Result<bool> {
        // The database's clock: all replicas use it, whatever their own clocks say.
        let sql = match kind {
            TransactionKind::Write | TransactionKind::Urgent => {
                "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, pg_current_xact_id()::text::bigint,
                     (SELECT id FROM incarnation)"
            }
            TransactionKind::Snapshot | TransactionKind::Survey | TransactionKind::Migration => {
                "SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint, 0::bigint, 0::bigint"
            }
        };
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        // Both statements are sent at once.
        let (begun, row) = join(client.batch_execute(kind.begin()), client.query_one(&statement, &[])).await;
        begun?;
        let row = row?;
        let incarnation: Option<i64> = row.try_get(2)?;
        self.now = Timestamp::from_steps(row.try_get(0)?);
        self.name = Name { transaction: row.try_get(1)?, incarnation: incarnation.unwrap_or_default() };
        Ok(incarnation.is_some())
    }

    /// The identity by which the database can be asked about it.
    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// The command's time, by the database's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Counts in another slot than that of its connection, so many slots further on.
    pub(super) fn set_slots_on(&mut self, slots: u32) {
        self.slots_on = slots.into();
    }

    /// The distance of its slot from that of its connection.
    pub(super) fn slots_on(&self) -> i64 {
        self.slots_on
    }

    /// Runs a statement, and returns the number of rows that it changed.
    pub(super) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        self.send(sql, |client, statement| async move { client.execute(&statement, params).await }).await
    }

    /// Runs statements without parameters and without rows.
    pub(super) async fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    /// Inserts a row by a statement that returns its number.
    pub(super) async fn insert(&self, sql: &str, params: Params<'_>) -> Result<i64> {
        Ok(self.one(sql, params).await?.try_get(0)?)
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        self.client()?.batch_execute("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// If the rollback fails, the connection is closed.
    pub(super) async fn roll_back(mut self) -> Result<()> {
        self.batch("ROLLBACK").await?;
        self.open = false;
        Ok(())
    }
}

/// A connection in an unknown state does not return to the pool.
impl Drop for Tx {
    fn drop(&mut self) {
        if self.open {
            self.snapshot.close();
        }
    }
}
