//! Cardea serves the S3 API and the OpenStack Swift API from one process, over one encryption core.
//!
//! The way of a request, the same for both faces: [`server`] fixes the dialect, the front ([`s3`] or
//! [`swift`]) parses the request into an operation of [`ops`], `Gateway::execute` authorises and runs it over
//! [`encryption`] and [`storage`], and the front renders the outcome. `ARCHITECTURE.md` has the picture and
//! the import table.

// What tests, benches and fuzzers reach is public for them alone: so the compiler sees what the program does
// not use.
pub mod authz;
mod cache;
pub mod care;
pub mod cli;
mod config;
#[cfg(not(feature = "testing"))]
mod encryption;
#[cfg(feature = "testing")]
pub mod encryption;
mod failure;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(not(feature = "testing"))]
mod http;
#[cfg(feature = "testing")]
pub mod http;
#[cfg(not(feature = "testing"))]
mod identity;
#[cfg(feature = "testing")]
pub mod identity;
pub mod keystone;
#[cfg(not(feature = "testing"))]
mod model;
#[cfg(feature = "testing")]
pub mod model;
pub mod ops;
mod output;
pub mod s3;
mod server;
pub mod storage;
pub mod swift;
mod telemetry;
