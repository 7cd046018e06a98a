//! Leases: which process does the work that one does for all, and how far it is.

use std::time::Duration;

use super::install;
use super::transaction::{Snapshot, Tx};
use crate::model::WriterId;
use crate::storage::index::Result;

pub(super) async fn take(tx: &Tx, name: &str, holder: WriterId, lasts: Duration) -> Result<bool> {
    install::assert_alive(tx, holder).await?;
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

/// The row stays: it says how far the work is.
pub(super) async fn release(tx: &Tx, name: &str, holder: WriterId) -> Result<()> {
    let sql = "UPDATE leases SET until = 0 WHERE name = $1 AND holder = $2";
    tx.execute(sql, &[&name, &holder]).await.map(|_| ())
}

pub(super) async fn place(db: &Snapshot, name: &str) -> Result<Option<Vec<u8>>> {
    let found = db.maybe("SELECT place FROM leases WHERE name = $1", &[&name]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?.flatten())
}

pub(super) async fn set_place(tx: &Tx, name: &str, holder: WriterId, place: Option<&[u8]>) -> Result<bool> {
    let sql = "UPDATE leases SET place = $3 WHERE name = $1 AND holder = $2";
    Ok(tx.execute(sql, &[&name, &holder, &place]).await? == 1)
}
