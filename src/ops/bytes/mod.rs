//! How bytes go in and out: contents and their readers, uploads, digests, and where records meet the encryption core.

pub(crate) mod content;
pub(crate) mod digest;
pub(crate) mod digests;
pub(crate) mod opening;
pub(crate) mod pace;
pub(crate) mod reader;
pub(crate) mod sealing;
pub(crate) mod upload;
pub(crate) mod versioning;
pub(crate) mod write;
