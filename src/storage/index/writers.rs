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
    /// Registers this process, or renews its heartbeat. Fails with `Fenced` once another has fenced it.
    async fn heartbeat(&self, writer: WriterId) -> Result<()>;
    /// Fences every other writer that is silent, and returns all fenced ones that are not swept.
    async fn fence_silent(&self, me: WriterId, silence: Silence) -> Result<Vec<WriterId>>;
    /// When a writer was last heard and when it was fenced, where it was.
    async fn fencing(&self, writer: WriterId) -> Result<Option<Fencing>>;
    /// Notes that no blob of a fenced writer is an orphan any more: [`Self::fence_silent`] tells of it no longer.
    async fn writer_swept(&self, writer: WriterId) -> Result<()>;
    /// The writers that may have written blobs that nobody published: those that no sweep has done with.
    async fn unswept_writers(&self) -> Result<Vec<WriterId>>;
    /// Takes a named lease, or renews it, for so long from now by the index's clock. `false` while another holds it; what
    /// a fenced writer held is free. Fails with `Fenced` for a holder that is no living writer.
    async fn lease(&self, name: &'static str, holder: WriterId, lasts: Duration) -> Result<bool>;
    /// Gives a lease back before its time. Another's stays as it is.
    async fn release(&self, name: &'static str, holder: WriterId) -> Result<()>;
    /// How far the work under a lease had come, as its last holder noted it.
    async fn cursor(&self, name: &'static str) -> Result<Option<Vec<u8>>>;
    /// Notes how far the work under a lease has come (`None`: it begins anew). `false` where another holds it now.
    async fn set_cursor(&self, name: &'static str, holder: WriterId, cursor: Option<Vec<u8>>)
    -> Result<bool>;
}
