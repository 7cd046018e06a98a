//! Care of what is stored: who writes is known to be alive, what the dead left behind is swept, what was freed is
//! deleted, and what has expired goes. Backups, checks and scrubbing are here too.
//!
//! Age alone proves nothing. An orphan is an unindexed blob of a writer that is fenced, so that nobody can publish it
//! any more; a freed blob goes when no reader can still know it.
//!
//! Each piece of work is a [`Task`](task::Task) that goes in rounds. Where several processes use one index, one of them does a task
//! for all, under a [`Lease`](lease::Lease); and every round is harmless when another does it as well.

pub mod backup;
pub mod expirer;
pub mod fsck;
pub mod heartbeat;
pub mod holds;
pub mod lease;
pub mod metrics;
pub mod reaper;
pub mod scrub;
pub mod sweeper;
pub mod task;
pub mod verify;
mod worker;
pub mod workers;
