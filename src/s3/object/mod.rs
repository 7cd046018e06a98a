//! Operations on objects.

mod attributes;
mod copy;
mod delete;
mod get;
mod multipart;
mod part;
mod preflight;
mod put;
mod read;
mod settings;

pub(super) use attributes::attributes;
pub(super) use copy::copy;
pub(super) use delete::delete;
pub(super) use get::{get, head};
#[cfg(any(test, fuzzing))]
pub(super) use multipart::parts_to_complete;
pub(super) use multipart::{abort, complete, copy_part, create, list_parts, upload_part};
pub(super) use preflight::preflight;
pub(super) use put::put;
pub(super) use settings::{acl, no_lock, tagging};
