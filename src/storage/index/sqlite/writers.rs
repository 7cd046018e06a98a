//! The processes that write blobs, and their leases: the process that does the work for all, and its position
//! in it.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteIndex;
use super::connection::{Snapshot, Tx};
use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::{Fencing, Result, Silence, Writers};

#[async_trait]
impl Writers for SqliteIndex {
    async fn heartbeat(&self, writer: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| heartbeat(tx, writer)).await
    }

    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
        self.writer()?.run(move |tx| fence_silent(tx, me, silence)).await
    }

    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>> {
        self.readers.statement(move |db| fencing(db, writer)).await
    }

    async fn writer_swept(&self, writer: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| writer_swept(tx, writer)).await
    }

    async fn unswept_writers(&self) -> Result<Vec<WriterId>> {
        self.readers.statement(unswept_writers).await
    }

    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool> {
        self.writer()?.run(move |tx| take(tx, name, holder, lasts)).await
    }

    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()> {
        self.writer()?.run(move |tx| release(tx, name, holder)).await
    }

    async fn cursor(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.readers.statement(move |db| cursor(db, name)).await
    }

    async fn set_cursor(
        &self,
        name: &'static str,
        holder: WriterId,
        cursor: Option<Vec<u8>>,
    ) -> Result<bool> {
        self.writer()?.run(move |tx| set_cursor(tx, name, holder, cursor.as_deref())).await
    }
}

pub(super) fn heartbeat(tx: &Tx<'_>, writer: WriterId) -> Result<()> {
    let alive = tx.execute(
        "INSERT INTO writers (id, started, heartbeat) VALUES (?1, ?2, ?2)
         ON CONFLICT (id) DO UPDATE SET heartbeat = excluded.heartbeat WHERE fenced IS NULL",
        params![writer, tx.now()],
    )?;
    if alive == 1 { Ok(()) } else { Err(Error::Fenced) }
}

/// Asserted by every command that inserts blobs: its writer exists and is not fenced.
pub(super) fn assert_alive(tx: &Tx<'_>, writer: WriterId) -> Result<()> {
    let alive = tx.exists("SELECT 1 FROM writers WHERE id = ?1 AND fenced IS NULL", [writer])?;
    if alive { Ok(()) } else { Err(Error::Fenced) }
}

pub(super) fn fence_silent(tx: &Tx<'_>, me: WriterId, silence: Silence) -> Result<Vec<WriterId>> {
    match silence {
        Silence::Everyone => tx.execute(
            "UPDATE writers SET fenced = ?2 WHERE id <> ?1 AND fenced IS NULL",
            params![me, tx.now()],
        )?,
        Silence::For(long) => tx.execute(
            "UPDATE writers SET fenced = ?2 WHERE id <> ?1 AND heartbeat < ?3 AND fenced IS NULL",
            params![me, tx.now(), tx.now().minus(long)],
        )?,
    };
    tx.all(
        "SELECT id FROM writers WHERE fenced IS NOT NULL AND swept IS NULL ORDER BY started, id",
        [],
        |row| row.get(0),
    )
}

pub(super) fn fencing(db: &Snapshot<'_>, writer: WriterId) -> Result<Option<Fencing>> {
    let sql = "SELECT heartbeat, fenced FROM writers WHERE id = ?1 AND fenced IS NOT NULL";
    db.maybe(sql, [writer], |row| Ok(Fencing { heard: row.get(0)?, fenced: row.get(1)? }))
}

pub(super) fn writer_swept(tx: &Tx<'_>, writer: WriterId) -> Result<()> {
    let sql = "UPDATE writers SET swept = ?2 WHERE id = ?1 AND fenced IS NOT NULL";
    tx.execute(sql, params![writer, tx.now()]).map(|_| ())
}

/// From now on, blobs that the index does not know are orphans, if their writer is unswept or one of
/// `strangers`. The unswept writers count as heard until now.
pub(super) fn disown(tx: &Tx<'_>, strangers: &[WriterId]) -> Result<()> {
    let fence =
        "INSERT INTO writers (id, started, heartbeat, fenced) VALUES (?1, ?2, ?2, ?2) ON CONFLICT DO NOTHING";
    for writer in strangers {
        tx.execute(fence, params![writer, tx.now()])?;
    }
    tx.execute("UPDATE writers SET heartbeat = ?1 WHERE swept IS NULL", [tx.now()]).map(|_| ())
}

pub(super) fn unswept_writers(db: &Snapshot<'_>) -> Result<Vec<WriterId>> {
    db.all("SELECT id FROM writers WHERE swept IS NULL ORDER BY id", [], |row| row.get(0))
}

pub(super) fn take(tx: &Tx<'_>, name: &str, holder: WriterId, lasts: Duration) -> Result<bool> {
    assert_alive(tx, holder)?;
    let taken = tx.execute(
        "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE holder = excluded.holder OR until <= ?4
             OR NOT EXISTS (SELECT 1 FROM writers w WHERE w.id = leases.holder AND w.fenced IS NULL)",
        params![name, holder, tx.now().plus(lasts), tx.now()],
    )?;
    Ok(taken == 1)
}

/// The row stays: it holds the position of the work.
pub(super) fn release(tx: &Tx<'_>, name: &str, holder: WriterId) -> Result<()> {
    tx.execute("UPDATE leases SET until = 0 WHERE name = ?1 AND holder = ?2", params![name, holder])
        .map(|_| ())
}

pub(super) fn cursor(db: &Snapshot<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(db.maybe("SELECT place FROM leases WHERE name = ?1", [name], |row| row.get(0))?.flatten())
}

pub(super) fn set_cursor(tx: &Tx<'_>, name: &str, holder: WriterId, cursor: Option<&[u8]>) -> Result<bool> {
    let sql = "UPDATE leases SET place = ?3 WHERE name = ?1 AND holder = ?2";
    Ok(tx.execute(sql, params![name, holder, cursor])? == 1)
}
