//! Protocol-neutral HTTP values, which both fronts and the listener share.
//!
//! Nothing here answers a request. The fronts parse into these values and render from them.

pub mod body;
pub mod checksum;
pub mod conditions;
pub mod context;
pub mod date;
pub mod percent;
pub mod query;
pub mod range;
pub mod secret_headers;
pub mod xml;

pub use context::RequestContext;
