//! The installation's record, and the index as a whole.

use async_trait::async_trait;

use super::Result;
use super::record::Install;
use super::rows::Rows;
use crate::model::Timestamp;

/// The installation's record, the clock, and the index as a whole.
#[async_trait]
pub trait Installation: Send + Sync {
    /// The tables below the commands: for backups, and to carry an index to another kind.
    fn rows(&self) -> &dyn Rows;
    /// The installation's record, or `None` while the index is empty.
    async fn install(&self) -> Result<Option<Install>>;
    /// Writes the installation's record. Fails with `PreconditionFailed` if there is one already.
    async fn create_install(&self, install: Install) -> Result<()>;
    /// Checks whether the index can be read and written now (readiness).
    async fn check(&self) -> Result<()>;
    /// The time by the clock of all times in the index. For a shared index it is the database's clock, not
    /// this process's.
    async fn now(&self) -> Result<Timestamp>;
    /// Whether other processes may use this index at the same time.
    fn shared(&self) -> bool;
}
