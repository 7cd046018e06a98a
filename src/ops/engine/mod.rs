//! Runs the operations: the gateway and its single entry point, callers, errors, metrics and the audit log.

pub(crate) mod audit;
pub(crate) mod bucket_cache;
pub(crate) mod caller;
pub(crate) mod error;
pub(crate) mod face;
pub(crate) mod gateway;
pub(crate) mod limits;
pub(crate) mod metrics;
pub(crate) mod retry;
pub(crate) mod setting_cache;
pub(crate) mod target;
