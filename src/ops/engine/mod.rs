//! What runs the operations: the gateway and its one entry, who calls, what is refused, counted and written down.

pub(crate) mod audit;
pub(crate) mod bucket_cache;
pub(crate) mod caller;
pub(crate) mod error;
pub(crate) mod face;
pub(crate) mod gateway;
pub(crate) mod limits;
pub(crate) mod metrics;
pub(crate) mod setting_cache;
pub(crate) mod settle;
pub(crate) mod target;
