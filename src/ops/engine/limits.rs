//! The limits of objects and parts: the limits of both protocols, and the limits that an operator may set.

/// The minimum size of a part other than the last: 5 MiB (AWS, "Amazon S3 multipart upload limits").
pub const MIN_PART: u64 = 5 << 20;

/// The highest part number.
pub const MAX_PART_NUMBER: u32 = 10_000;

/// The largest body of one PUT, in bytes: 5 GiB, the limit of both protocols.
pub const MAX_PUT: u64 = 5 << 30;

/// The largest object, in bytes: 5 TiB (AWS, "Amazon S3 multipart upload limits").
pub const MAX_OBJECT: u64 = 5 << 40;

/// Limits that an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sealed blobs up to this size are stored in the index; 0 turns that off.
    pub inline_bytes: usize,
    /// The largest body of one PUT, in bytes.
    pub max_put: u64,
    /// The bytes that all downloads together may read ahead. A download beyond the limit reads chunk by
    /// chunk.
    pub read_ahead_bytes: usize,
    /// The minimum size of a part of a multipart upload, in bytes. It does not apply to the last part.
    pub min_part: u64,
    /// The largest object that a multipart upload may become, in bytes.
    pub max_object: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inline_bytes: 16 * 1024,
            max_put: MAX_PUT,
            read_ahead_bytes: 128 << 20,
            min_part: MIN_PART,
            max_object: MAX_OBJECT,
        }
    }
}
