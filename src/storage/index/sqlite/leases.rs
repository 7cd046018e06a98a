//! Leases: which process does the work that one does for all, and how far it is.

use std::time::Duration;

use rusqlite::params;

use super::connection::{Snapshot, Tx};
use super::install;
use crate::model::WriterId;
use crate::storage::index::Result;

pub(super) fn take(tx: &Tx<'_>, name: &str, holder: WriterId, lasts: Duration) -> Result<bool> {
    install::assert_alive(tx, holder)?;
    let taken = tx.execute(
        "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE holder = excluded.holder OR until <= ?4
             OR NOT EXISTS (SELECT 1 FROM writers w WHERE w.id = leases.holder AND w.fenced IS NULL)",
        params![name, holder, tx.now().plus(lasts), tx.now()],
    )?;
    Ok(taken == 1)
}

/// The row stays: it says how far the work is.
pub(super) fn release(tx: &Tx<'_>, name: &str, holder: WriterId) -> Result<()> {
    tx.execute("UPDATE leases SET until = 0 WHERE name = ?1 AND holder = ?2", params![name, holder])
        .map(|_| ())
}

pub(super) fn place(db: &Snapshot<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(db.maybe("SELECT place FROM leases WHERE name = ?1", [name], |row| row.get(0))?.flatten())
}

pub(super) fn set_place(tx: &Tx<'_>, name: &str, holder: WriterId, place: Option<&[u8]>) -> Result<bool> {
    let sql = "UPDATE leases SET place = ?3 WHERE name = ?1 AND holder = ?2";
    Ok(tx.execute(sql, params![name, holder, place])? == 1)
}
