//! Large objects of Swift: manifests that name segment objects, static (a list) or dynamic (a prefix).

pub(crate) mod delete_manifest;
mod gather;
pub(crate) mod get_own_bytes;
pub(crate) mod kind;
pub(crate) mod limits;
mod manifest;
pub(crate) mod prefix;
pub(crate) mod put_dynamic;
pub(crate) mod put_manifest;
pub(crate) mod read;
pub(crate) mod read_manifest;
pub(crate) mod request;
mod resolve;
mod rewrap;
mod segments;
