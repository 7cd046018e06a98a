//! Operations on objects.

mod copy;
mod delete;
mod get;
mod part;
mod preflight;
mod put;
mod read;
mod settings;

pub(super) use copy::copy;
pub(super) use delete::delete;
pub(super) use get::{get, head};
pub(super) use preflight::preflight;
pub(super) use put::put;
pub(super) use settings::{acl, no_lock, tagging};
