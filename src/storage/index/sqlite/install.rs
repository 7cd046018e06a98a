//! The installation's record, and the processes that write blobs.

use rusqlite::params;

use super::connection::{Snapshot, Tx};
use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::{Fencing, Install, Result, Silence};

pub(super) fn install(db: &Snapshot<'_>) -> Result<Option<Install>> {
    db.maybe("SELECT id, canary FROM install", [], |row| Ok(Install { id: row.get(0)?, canary: row.get(1)? }))
}

pub(super) fn create_install(tx: &Tx<'_>, install: &Install) -> Result<()> {
    let inserted = tx.execute(
        "INSERT INTO install (one, id, canary, created) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![install.id, install.canary, tx.now()],
    )?;
    if inserted == 1 { Ok(()) } else { Err(Error::PreconditionFailed) }
}

/// Writes nothing, but needs the whole way that a write takes.
pub(super) fn check(tx: &Tx<'_>) -> Result<()> {
    tx.execute("UPDATE install SET created = created", []).map(|_| ())
}

pub(super) fn heartbeat(tx: &Tx<'_>, writer: WriterId) -> Result<()> {
    let alive = tx.execute(
        "INSERT INTO writers (id, started, heartbeat) VALUES (?1, ?2, ?2)
         ON CONFLICT (id) DO UPDATE SET heartbeat = excluded.heartbeat WHERE fenced IS NULL",
        params![writer, tx.now()],
    )?;
    if alive == 1 { Ok(()) } else { Err(Error::Fenced) }
}

/// The assertion of every command that makes blobs known: its writer stands and is not fenced.
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

/// Makes orphans of what the index does not know: of writers that are not done with, as if they had been heard until now, and
/// of these others.
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
