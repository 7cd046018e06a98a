//! Cardea serves the S3 API and the OpenStack Swift API from one process, over one encryption core.
//!
//! A request goes the same way on both faces. [`server`] fixes the dialect. The front ([`s3`] or [`swift`])
//! parses the request into an operation of [`ops`]. `Gateway::execute` authorises it and runs it over
//! [`encryption`] and [`storage`]. The front renders the outcome. `ARCHITECTURE.md` has the picture and the
//! import table.

// Modules are public for tests, benches and fuzzers only. In a plain build they are private, so the compiler
// reports code that the program does not use.
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
