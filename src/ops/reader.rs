//! An opened object's bytes: ranges of plaintext, verified before they leave.

use std::ops::Range;

use crate::http::body::Body;

/// Reads an opened object. Holds what it reads alive until it is dropped.
pub struct ObjectReader {
    size: u64,
}

impl std::fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectReader").field("size", &self.size).finish_non_exhaustive()
    }
}

impl ObjectReader {
    /// A stream of the plaintext in `range` (within the size), of exactly that length. May be called again for more
    /// ranges. Waits for the first bytes, so that damage there is still a clean error.
    pub async fn open(&self, range: Range<u64>) -> Result<Body, super::Error> {
        let _ = range;
        todo!()
    }
}
