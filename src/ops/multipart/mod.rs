//! Operations on multipart uploads.

pub(crate) mod abort;
pub(crate) mod complete;
pub(crate) mod copy_part;
pub(crate) mod create;
pub(crate) mod list_parts;
pub(crate) mod list_uploads;
pub(crate) mod object_parts;
mod open;
pub(crate) mod part;
pub(crate) mod span;
mod whole;
