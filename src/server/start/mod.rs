//! The steps before the first request: the installation, its key ring, its principals.

mod announce;
mod database;
mod declared;
mod installation;
mod root;
mod without_index;

use std::error::Error as _;
use std::fmt;

pub(crate) use announce::{first_start, reset, started};
pub(crate) use declared::declare;
pub(crate) use installation::{Installation, beside, blobs, found, found_or_moved, index, open, stays};
pub(crate) use root::{Root, ensure, renew};
pub(crate) use without_index::without_index;

use crate::failure::Failure;
use crate::storage::Error;

/// A failure of the index or the store.
pub fn storage(error: Error) -> Failure {
    Failure::run("storage", WithCauses(error))
}

/// An error with its causes. Only the innermost cause gives the reason of a failed connection, such as a
/// certificate that nobody trusts.
#[derive(Debug)]
struct WithCauses(Error);

impl std::error::Error for WithCauses {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for WithCauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.0.to_string();
        let mut next = self.0.source();
        while let Some(cause) = next {
            let said = cause.to_string();
            if !line.contains(&said) {
                line = format!("{line}: {said}");
            }
            next = cause.source();
        }
        f.write_str(&line)
    }
}
