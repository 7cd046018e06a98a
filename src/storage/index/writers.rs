//! The processes that write blobs, and their leases.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;
use super::command::Silence;
use super::record::Fencing;
use crate::model::WriterId;

/// The processes that write blobs, and the leases for work that one of them does for all.
#[async_trait]
pub trait Writers: Send + Sync {
    /// Registers this process, or renews its heartbeat. Fails with `Fenced` if another process has fenced it.
    async fn heartbeat(&self, writer: WriterId) -> Result<()>;
    /// Fences every other silent writer, and returns all fenced writers that are not swept.
    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>>;
    /// The last heartbeat of a fenced writer, and the time at which it was fenced.
    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>>;
    /// Notes that a fenced writer has no orphans any more: [`Self::fence_silent`] no longer returns it.
    async fn writer_swept(&self, writer: WriterId) -> Result<()>;
    /// The writers that are not swept: they may have written blobs that nobody published.
    async fn unswept_writers(&self) -> Result<Vec<WriterId>>;
    /// Takes or renews a named lease, for `lasts` from now by the index's clock. Returns `false` if another
    /// process holds it. The leases of a fenced writer are free. Fails with `Fenced` if `holder` is no living
    /// writer.
    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool>;
    /// Returns a lease before its time. The lease of another holder stays.
    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()>;
    /// The position of the work under a lease, as its last holder noted it.
    async fn cursor(&self, name: &'static str) -> Result<Option<Vec<u8>>>;
    /// Notes the position of the work under a lease; `None` restarts it. Returns `false` if another process
    /// holds the lease.
    async fn set_cursor(&self, name: &'static str, holder: WriterId, cursor: Option<Vec<u8>>)
    -> Result<bool>;
}
