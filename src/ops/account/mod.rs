//! Operations on accounts.

pub(crate) mod info;
pub(crate) mod list_buckets;
pub(crate) mod update;
