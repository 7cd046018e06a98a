//! Operations on objects and their versions.

pub(crate) mod copy;
pub(crate) mod delete;
mod delete_many;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_versions;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod source;
pub(crate) mod update;
