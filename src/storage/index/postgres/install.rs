//! The installation's record, and the processes that write blobs.

use std::time::Duration;

use super::locks;
use super::transaction::{Snapshot, Tx};
use crate::model::{Timestamp, WriterId};
use crate::storage::Error;
use crate::storage::index::{Fencing, Install, Result, Silence};

/// A longer pause between two heartbeats is a gap. It is well below the silence that others are fenced for.
const GAP: Duration = Duration::from_secs(30);

pub(super) async fn install(db: &Snapshot) -> Result<Option<Install>> {
    let found = db.maybe("SELECT id, canary FROM install", &[]).await?;
    found.map(|row| Ok(Install { id: row.try_get(0)?, canary: row.try_get(1)? })).transpose()
}

pub(super) async fn create_install(tx: &Tx, install: &Install) -> Result<()> {
    let sql = "INSERT INTO install (one, id, canary, created) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING";
    let inserted = tx.execute(sql, &[&install.id, &install.canary, &tx.now()]).await?;
    if inserted == 1 { Ok(()) } else { Err(Error::PreconditionFailed) }
}

/// All replicas have the database's clock, however their own ones go.
pub(super) async fn now(db: &Snapshot) -> Result<Timestamp> {
    let row = db.one("SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint", &[]).await?;
    Ok(Timestamp::from_steps(row.try_get(0)?))
}

/// Writes nothing that stays, but needs the whole way that a write takes: room for a row, the log, its flush at the commit. The
/// row is nobody else's, so that whoever holds one makes no replica look as if it could not write.
pub(super) async fn check(tx: &Tx) -> Result<()> {
    tx.batch(
        "SAVEPOINT nothing_yet;
         INSERT INTO leases (name, holder, until) VALUES ('check ' || gen_random_uuid(), '', 0);
         ROLLBACK TO SAVEPOINT nothing_yet",
    )
    .await
}

pub(super) async fn heartbeat(tx: &Tx, writer: WriterId) -> Result<()> {
    let alive = tx
        .execute(
            "INSERT INTO writers AS w (id, started, heartbeat, unbroken) VALUES ($1, $2, $2, $2)
             ON CONFLICT (id) DO UPDATE SET heartbeat = excluded.heartbeat,
                 unbroken = CASE WHEN w.heartbeat < $3 THEN excluded.unbroken ELSE w.unbroken END
             WHERE w.fenced IS NULL",
            &[&writer, &tx.now(), &tx.now().minus(GAP)],
        )
        .await?;
    if alive == 1 { Ok(()) } else { Err(Error::Fenced) }
}

/// The assertion of every command that makes blobs known, once it holds the writer's lock ([`super::locks`]): its writer stands and
/// is not fenced.
pub(super) async fn assert_alive(tx: &Tx, writer: WriterId) -> Result<()> {
    let alive = tx.exists("SELECT 1 FROM writers WHERE id = $1 AND fenced IS NULL", &[&writer]).await?;
    if alive { Ok(()) } else { Err(Error::Fenced) }
}

/// Whoever was cut off from the database itself meanwhile fences nobody: so were the others, and they may come back later.
pub(super) async fn fence_silent(tx: &Tx, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
    let before = match silence {
        Silence::Everyone => Timestamp::from_steps(i64::MAX),
        Silence::For(long) => tx.now().minus(long),
    };
    if !tx.exists("SELECT 1 FROM writers WHERE id = $1 AND unbroken > $2", &[&me, &before]).await? {
        fence(tx, me, before).await?;
    }
    let sql = "SELECT id FROM writers WHERE fenced IS NOT NULL AND swept IS NULL ORDER BY started, id";
    ids(&tx.all(sql, &[]).await?)
}

async fn fence(tx: &Tx, me: WriterId, before: Timestamp) -> Result<()> {
    let silent = "SELECT id FROM writers WHERE id <> $1 AND heartbeat < $2 AND fenced IS NULL ORDER BY id";
    for writer in ids(&tx.all(silent, &[&me, &before]).await?)? {
        locks::writer_alone(tx, writer).await?;
        let fence = "UPDATE writers SET fenced = $3 WHERE id = $1 AND heartbeat < $2 AND fenced IS NULL";
        tx.execute(fence, &[&writer, &before, &tx.now()]).await?;
    }
    Ok(())
}

pub(super) async fn fencing(db: &Snapshot, writer: WriterId) -> Result<Option<Fencing>> {
    let sql = "SELECT heartbeat, fenced FROM writers WHERE id = $1 AND fenced IS NOT NULL";
    let found = db.maybe(sql, &[&writer]).await?;
    found.map(|row| Ok(Fencing { heard: row.try_get(0)?, fenced: row.try_get(1)? })).transpose()
}

pub(super) async fn writer_swept(tx: &Tx, writer: WriterId) -> Result<()> {
    let sql = "UPDATE writers SET swept = $2 WHERE id = $1 AND fenced IS NOT NULL";
    tx.execute(sql, &[&writer, &tx.now()]).await.map(|_| ())
}

/// Makes orphans of what the index does not know: of writers that are not done with, as if they had been heard until now, and
/// of these others.
pub(super) async fn disown(tx: &Tx, strangers: &[WriterId]) -> Result<()> {
    let fence = "INSERT INTO writers (id, started, heartbeat, unbroken, fenced)
                 SELECT id, $2, $2, $2, $2 FROM unnest($1::bytea[]) AS id ON CONFLICT DO NOTHING";
    tx.execute(fence, &[&strangers, &tx.now()]).await?;
    tx.execute("UPDATE writers SET heartbeat = $1 WHERE swept IS NULL", &[&tx.now()]).await.map(|_| ())
}

pub(super) async fn unswept_writers(db: &Snapshot) -> Result<Vec<WriterId>> {
    ids(&db.all("SELECT id FROM writers WHERE swept IS NULL ORDER BY id", &[]).await?)
}

fn ids(rows: &[tokio_postgres::Row]) -> Result<Vec<WriterId>> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
