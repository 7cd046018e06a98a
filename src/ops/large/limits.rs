//! The limits of large objects.

/// The most segments that a manifest may name, as `/info` reports.
pub const MAX_SEGMENTS: u32 = 1000;

/// The most leaf segments of a keyed manifest, including the leaves of nested manifests.
pub const MAX_KEYED_SEGMENTS: u32 = 10_000;

/// The greatest depth to which manifests may be nested.
pub const MAX_DEPTH: u32 = 10;
