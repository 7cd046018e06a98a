//! XML: what S3 answers in, and the few bodies it takes.

mod body;
mod read;
mod write;

pub(super) use body::read_verified;
pub(super) use read::{Element, MAX_BODY, parse};
pub(super) use write::Document;
