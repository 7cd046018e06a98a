//! The installation's record.

use async_trait::async_trait;

use super::PostgresIndex;
use super::transaction::{Snapshot, Tx};
use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::rows::Rows;
use crate::storage::index::{Install, Installation, Result};

#[async_trait]
impl Installation for PostgresIndex {
    fn rows(&self) -> &dyn Rows {
        self
    }

    async fn install(&self) -> Result<Option<Install>> {
        query!(self.db, db, () => install(db))
    }

    async fn create_install(&self, install: Install) -> Result<()> {
        command!(self.db, tx, (install) => create_install(tx, install))
    }

    async fn check(&self) -> Result<()> {
        self.install().await?;
        urgent!(self.db, tx, () => check(tx))
    }

    async fn now(&self) -> Result<Timestamp> {
        query!(self.db, db, () => now(db))
    }

    fn shared(&self) -> bool {
        true
    }
}

pub(super) async fn install(db: &Snapshot) -> Result<Option<Install>> {
    let found = db.maybe("SELECT id, canary FROM install", &[]).await?;
    found.map(|row| Ok(Install { id: row.try_get(0)?, canary: row.try_get(1)? })).transpose()
}

pub(super) async fn create_install(tx: &Tx, install: &Install) -> Result<()> {
    let sql = "INSERT INTO install (one, id, canary, created) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING";
    let inserted = tx.execute(sql, &[&install.id, &install.canary, &tx.now()]).await?;
    if inserted == 1 { Ok(()) } else { Err(Error::PreconditionFailed) }
}

/// All replicas use the database's clock, whatever their own clocks say.
pub(super) async fn now(db: &Snapshot) -> Result<Timestamp> {
    let row = db.one("SELECT (extract(epoch FROM clock_timestamp()) * 100000)::bigint", &[]).await?;
    Ok(Timestamp::from_steps(row.try_get(0)?))
}

/// Changes nothing, but goes the whole way of a write: space for a row, the log, its flush at the commit. The
/// row belongs to nobody else, so a held lock never makes a replica look as if it could not write.
pub(super) async fn check(tx: &Tx) -> Result<()> {
    tx.batch(
        "SAVEPOINT nothing_yet;
         INSERT INTO leases (name, holder, until) VALUES ('check ' || gen_random_uuid(), '', 0);
         ROLLBACK TO SAVEPOINT nothing_yet",
    )
    .await
}
