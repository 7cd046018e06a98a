//! What stands before the first request: the installation, its key ring, its principals.

mod announce;
mod database;
mod declared;
mod installation;
mod root;

pub use announce::{first_start, reset, started};
pub use declared::declare;
pub use installation::{Installation, found, open};
pub use root::{Root, ensure, renew};

use crate::cli::Failure;
use crate::storage::Error;

/// A failure of the index or the store.
fn storage(error: Error) -> Failure {
    Failure::run("storage", error)
}
