//! The care of what is stored: backups and restores, checks, scrubbing.

pub mod backup;
pub mod fsck;
pub mod scrub;
pub mod verify;
