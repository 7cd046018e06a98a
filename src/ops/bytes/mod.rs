//! How bytes are written and read: contents and their readers, uploads, digests, and the seals of records.

pub(crate) mod content;
pub(crate) mod digest;
pub(crate) mod digests;
pub(crate) mod opening;
pub(crate) mod pace;
pub(crate) mod reader;
pub(crate) mod seal_body;
pub(crate) mod version_seals;
pub(crate) mod versioning;
pub(crate) mod write;
