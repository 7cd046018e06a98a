//! The limits of large objects.

/// The most segments that a manifest names, as `/info` tells.
pub const MAX_SEGMENTS: u32 = 1000;

/// The most leaf segments of a keyed manifest, nested ones counted.
pub const MAX_KEYED_SEGMENTS: u32 = 10_000;

/// How deep manifests may be nested.
pub const MAX_DEPTH: u32 = 10;
