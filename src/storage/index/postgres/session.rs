//! The two views that commands work on: a snapshot to read, and a transaction to write.
//!
//! Statements go out in the order in which their futures are first polled, whether or not one has to be
//! prepared first: those that are joined travel together and are carried out one after the other.

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

/// How a transaction begins, and what is known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TransactionKind {
    /// One state, read.
    Snapshot,
    /// One state, read however long that takes.
    Survey,
    /// A command, of which the database can be asked later.
    Write,
    /// Such a command that waits for no other one: it has its connection before those that may.
    Urgent,
    /// The making of the tables.
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
            // Whoever comes first makes the tables, and takes its time.
            Self::Migration => "BEGIN; SET LOCAL lock_timeout = 0",
        }
    }

    /// Whether the database can be asked what became of it.
    pub(super) const fn is_named(self) -> bool {
        matches!(self, Self::Write | Self::Urgent)
    }
}

/// What a transaction is known by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name {
    pub(super) transaction: i64,
    /// The database's, in which the number is its own.
    pub(super) incarnation: i64,
}

/// What a command reads.
pub(super) struct Snapshot {
    /// Taken away only where the connection is closed.
    client: Option<Client>,
    /// Whose statement goes out next.
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
        // In boxes: a command joins many of these.
        let mut answer = Box::pin(statement(client, Box::pin(client.prepare_cached(sql)).await?));
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

    /// Begins the transaction. Tells whether it can be asked about later.
    async fn start(&mut self, kind: TransactionKind) -> Result<bool> {
        // The database's clock: all replicas have the same, however their own ones go.
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
        // Both on their way at once.
        let (begun, row) = join(client.batch_execute(kind.begin()), client.query_one(&statement, &[])).await;
        begun?;
        let row = row?;
        let incarnation: Option<i64> = row.try_get(2)?;
        self.now = Timestamp::from_steps(row.try_get(0)?);
        self.name = Name { transaction: row.try_get(1)?, incarnation: incarnation.unwrap_or_default() };
        Ok(incarnation.is_some())
    }

    /// What the database can be asked about it by.
    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// The command's time, by the database's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Counts in another slot than its connection's: so many on.
    pub(super) fn set_slots_on(&mut self, slots: u32) {
        self.slots_on = slots.into();
    }

    /// How many slots it counts beside its connection's.
    pub(super) fn slots_on(&self) -> i64 {
        self.slots_on
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

    pub(super) async fn commit(mut self) -> Result<()> {
        self.client()?.batch_execute("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// One that does not get back is closed with its connection.
    pub(super) async fn roll_back(mut self) -> Result<()> {
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
