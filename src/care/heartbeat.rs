//! The heartbeat of this process as a writer.

use std::sync::Arc;
use std::time::Duration;

use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Index;
use crate::storage::index::rows::Mark;

/// How often a writer says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a writer of a shared index may be silent before others take it for dead.
pub const SILENT: Duration = Duration::from_mins(1);

/// Says that this writer is alive, again and again. Returns only when it must stop: another process has fenced it, so that
/// what it writes is deleted; or, while it was silent, has carried the index into another, so that what it writes is lost.
pub async fn keep_alive(index: Arc<dyn Index>, writer: WriterId) {
    loop {
        match beat(&*index, writer).await {
            Ok(false) => {}
            Ok(true) | Err(Error::Fenced) => return,
            Err(error) => tracing::warn!(%error, "the writer could not renew its heartbeat"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

/// Whether the index was carried into another.
async fn beat(index: &dyn Index, writer: WriterId) -> Result<bool, Error> {
    index.heartbeat(writer).await?;
    Ok(index.rows().mark(Mark::Moved).await?.is_some())
}
