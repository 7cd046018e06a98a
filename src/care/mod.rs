//! Care of the store, beside the requests: living writers give heartbeats, and the orphans of dead writers
//! are swept. Freed blobs and expired objects are deleted. Backups, checks and scrubbing are here too.
//!
//! The age of a blob alone proves nothing. An orphan is a blob that the index does not know, of a writer that
//! is fenced: nobody can publish it any more. A freed blob is deleted when no reader can still know it.
//!
//! Each piece of work is a [`Task`](task::Task), which runs in rounds. If several processes use one index,
//! one of them does a task for all, under a [`Lease`](lease::Lease). Every round is harmless if two processes
//! do it at the same time.

pub mod backup;
pub mod expirer;
pub mod fsck;
pub(crate) mod heartbeat;
pub(crate) mod holds;
mod lease;
pub(crate) mod metrics;
pub mod progress;
pub mod reaper;
pub mod scrub;
pub mod sweeper;
pub mod task;
mod verify;
mod worker;
pub(crate) mod workers;
