//! The processes that write blobs, and their leases: the process that does the work for all, and its position
//! in it.

use std::time::Duration;

use async_trait::async_trait;

use super::transaction::{Snapshot, Tx};
use super::{PostgresIndex, locks};
use crate::model::{Timestamp, WriterId};
use crate::storage::Error;
use crate::storage::index::{Fencing, Result, Silence, Writers};

/// A longer pause between two heartbeats is a gap. It is well below the silence after which others are
/// fenced.
const GAP: Duration = Duration::from_secs(30);

#[async_trait]
impl Writers for PostgresIndex {
    async fn heartbeat(&self, writer: WriterId) -> Result<()> {
        urgent!(self.db, tx, (writer) => heartbeat(tx, *writer))
    }

    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
        command!(self.db, tx, (me, silence) => fence_silent(tx, *me, *silence))
    }

    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>> {
        query!(self.db, db, (writer) => fencing(db, *writer))
    }

    async fn writer_swept(&self, writer: WriterId) -> Result<()> {
        command!(self.db, tx, (writer) => writer_swept(tx, *writer))
    }

    async fn unswept_writers(&self) -> Result<Vec<WriterId>> {
        query!(self.db, db, () => unswept_writers(db))
    }

    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool> {
        command!(self.db, tx, (name, holder, lasts) => take(tx, name, *holder, *lasts))
    }

    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()> {
        command!(self.db, tx, (name, holder) => release(tx, name, *holder))
    }

    async fn cursor(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        query!(self.db, db, (name) => cursor(db, name))
    }

    async fn set_cursor(
        &self,
        name: &'static str,
        holder: WriterId,
        cursor: Option<Vec<u8>>,
    ) -> Result<bool> {
        command!(self.db, tx, (name, holder, cursor) => set_cursor(tx, name, *holder, cursor.as_deref()))
    }
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

/// Asserted by every command that inserts blobs, once it holds the writer's lock ([`super::locks`]): its
/// writer exists and is not fenced.
pub(super) async fn assert_alive(tx: &Tx, writer: WriterId) -> Result<()> {
    let alive = tx.exists("SELECT 1 FROM writers WHERE id = $1 AND fenced IS NULL", &[&writer]).await?;
    if alive { Ok(()) } else { Err(Error::Fenced) }
}

/// A process that was itself cut off from the database fences nobody: the others were cut off too, and may
/// come back later.
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

/// From now on, blobs that the index does not know are orphans, if their writer is unswept or one of
/// `strangers`. The unswept writers count as heard until now.
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

pub(super) async fn take(tx: &Tx, name: &str, holder: WriterId, lasts: Duration) -> Result<bool> {
    assert_alive(tx, holder).await?;
    let taken = tx
        .execute(
            "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE leases.holder = excluded.holder OR leases.until <= $4
                 OR NOT EXISTS (SELECT 1 FROM writers w WHERE w.id = leases.holder AND w.fenced IS NULL)",
            &[&name, &holder, &tx.now().plus(lasts), &tx.now()],
        )
        .await?;
    Ok(taken == 1)
}

/// The row stays: it holds the position of the work.
pub(super) async fn release(tx: &Tx, name: &str, holder: WriterId) -> Result<()> {
    let sql = "UPDATE leases SET until = 0 WHERE name = $1 AND holder = $2";
    tx.execute(sql, &[&name, &holder]).await.map(|_| ())
}

pub(super) async fn cursor(db: &Snapshot, name: &str) -> Result<Option<Vec<u8>>> {
    let found = db.maybe("SELECT place FROM leases WHERE name = $1", &[&name]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?.flatten())
}

pub(super) async fn set_cursor(tx: &Tx, name: &str, holder: WriterId, cursor: Option<&[u8]>) -> Result<bool> {
    let sql = "UPDATE leases SET place = $3 WHERE name = $1 AND holder = $2";
    Ok(tx.execute(sql, &[&name, &holder, &cursor]).await? == 1)
}
