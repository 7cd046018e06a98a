//! The server.
pub mod files;
mod listener;
use crate::cli::Failure;
use crate::config::Config;
pub fn serve(_c: Config) -> Result<(), Failure> { Ok(()) }
pub fn reset_credentials(_c: Config) -> Result<(), Failure> { Ok(()) }
