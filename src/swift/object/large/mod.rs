//! Large objects: static ones, whose manifest lists their segments, and dynamic ones, which name a prefix.
//!
//! Their rules are in two places. The rules of the *document* are here: the keys of an entry, the syntax of a
//! range or of base64, the sentence for each mistake. Only Swift has this document, and the sentences are
//! Swift's own. The rules of the *object* are in [`ops`](crate::ops), where no front can forget them: each
//! segment exists, the caller may read it, its size and ETag are the listed ones, and there are not too many.

mod delete;
mod dynamic;
mod get;
mod heartbeat;
mod manifest;
mod put;
mod report;
mod segment;
mod value;

pub(crate) use delete::delete;
pub(crate) use dynamic::{OBJECT_MANIFEST, requested as requested_dynamic};
pub(crate) use get::{get, is_asked};
#[cfg(any(test, fuzzing))]
pub(crate) use manifest::parse as parse_manifest;
pub(crate) use put::put;

/// The parameter that says what a request does with a manifest.
pub(crate) const PARAMETER: &str = "multipart-manifest";
