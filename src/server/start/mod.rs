//! What stands before the first request: the installation, its key ring, its principals.

mod announce;
mod bare;
mod database;
mod declared;
mod installation;
mod root;

pub use announce::{first_start, reset, started};
pub use bare::without_index;
pub use declared::declare;
pub use installation::{Installation, beside, blobs, found, index, open};
pub use root::{Root, ensure, renew};

use crate::cli::Failure;
use crate::storage::Error;

/// A failure of the index or the store.
pub fn storage(error: Error) -> Failure {
    Failure::run("storage", error)
}
