//! Operations on buckets (containers).

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod info;
pub(crate) mod setting;
pub(crate) mod update;
