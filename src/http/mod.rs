//! Protocol-neutral HTTP values: what both faces read from requests and write into responses.

pub mod body;
pub mod checksum;
pub mod conditions;
pub mod context;
pub mod date;
pub mod percent;
pub mod query;
pub mod range;
pub mod secret_headers;

pub use context::RequestContext;
pub use secret_headers::SecretHeaders;
