//! The heartbeat by which this process shows that it is alive as a writer.

use std::sync::Arc;
use std::time::Duration;

use crate::model::WriterId;
use crate::storage::Error;
use crate::storage::index::Index;
use crate::storage::index::rows::Mark;

/// The pause between two heartbeats of a writer.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a writer of a shared index may be silent before other processes take it for dead.
pub(crate) const SILENT: Duration = Duration::from_mins(1);

/// Repeats the heartbeat of this writer. It returns only when the writer must stop, for one of two reasons:
///
/// - Another process has fenced this writer, so the blobs that it writes are deleted.
/// - Another process has migrated the index while this writer was silent, so its writes are lost.
pub(crate) async fn keep_alive(index: Arc<dyn Index>, writer: WriterId) {
    loop {
        match beat(&*index, writer).await {
            Ok(false) => {}
            Ok(true) | Err(Error::Fenced) => return,
            Err(error) => tracing::warn!(%error, "the writer could not renew its heartbeat"),
        }
        tokio::time::sleep(HEARTBEAT).await;
    }
}

/// Sends one heartbeat. `true` if the index was migrated to another index.
async fn beat(index: &dyn Index, writer: WriterId) -> Result<bool, Error> {
    index.heartbeat(writer).await?;
    Ok(index.rows().mark(Mark::Moved).await?.is_some())
}
