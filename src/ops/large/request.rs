//! A segment, as the client asks for it.

use bytes::Bytes;

use crate::model::{BucketName, ObjectKey};

/// A segment as a static large object's manifest asks for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentRequest {
    /// An object, or a range of one.
    Object {
        /// `/container/object`, as the client spelled it.
        path: String,
        /// Its container, in the manifest's account.
        bucket: BucketName,
        /// Its name.
        key: ObjectKey,
        /// What its ETag must be, without quotes.
        etag: Option<String>,
        /// How many bytes it must have.
        size: Option<u64>,
        /// Which bytes of it, as in a `Range` header after `bytes=`.
        range: Option<String>,
    },
    /// Bytes that the manifest carries itself.
    Data(Bytes),
}
