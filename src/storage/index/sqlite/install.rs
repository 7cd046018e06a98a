//! The installation's record.

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteIndex;
use super::connection::{Snapshot, Tx};
use crate::model::Timestamp;
use crate::storage::Error;
use crate::storage::index::rows::Rows;
use crate::storage::index::{Install, Installation, Result};

#[async_trait]
impl Installation for SqliteIndex {
    fn rows(&self) -> &dyn Rows {
        self
    }

    async fn install(&self) -> Result<Option<Install>> {
        self.readers.statement(install).await
    }

    async fn create_install(&self, install: Install) -> Result<()> {
        self.writer()?.run(move |tx| create_install(tx, &install)).await
    }

    async fn check(&self) -> Result<()> {
        self.readers.statement(install).await?;
        match &self.writer {
            Some(writer) => writer.run(check).await,
            None => Ok(()),
        }
    }

    /// This process's clock: no other process has the index open.
    async fn now(&self) -> Result<Timestamp> {
        Ok(Timestamp::now())
    }

    fn shared(&self) -> bool {
        false
    }
}

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

/// Changes nothing, but goes the whole way of a write.
pub(super) fn check(tx: &Tx<'_>) -> Result<()> {
    tx.execute("UPDATE install SET created = created", []).map(|_| ())
}
