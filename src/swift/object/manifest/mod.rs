//! The manifests of large objects: written, read and deleted as such (`multipart-manifest=`), and named by a prefix
//! (`X-Object-Manifest`).

mod delete;
mod dynamic;
mod get;
mod list;
mod put;

pub use delete::delete;
pub use dynamic::named;
pub use get::{get, head};
pub use put::put;

/// The most bytes of a manifest, as `/info` tells.
pub const MAX_MANIFEST_SIZE: usize = 8 << 20;
