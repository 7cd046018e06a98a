//! Cardea serves the S3 API and the OpenStack Swift API from one process, over one encryption core.
//!
//! The way of a request, the same for both faces: [`server`] fixes the dialect, the front ([`s3`] or [`swift`]) parses
//! the request into an operation of [`ops`], `Gateway::execute` authorises and runs it over [`encryption`] and
//! [`storage`], and the front renders the outcome. `ARCHITECTURE.md` has the picture and the import table.

pub mod authz;
mod cache;
pub mod care;
pub mod cli;
pub mod config;
pub mod encryption;
pub mod failure;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
pub mod identity;
pub mod keystone;
pub mod model;
pub mod ops;
mod output;
pub mod s3;
pub mod server;
pub mod storage;
pub mod swift;
pub mod telemetry;
