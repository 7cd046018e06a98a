//! A segment in a client's request to write a manifest.

use bytes::Bytes;

use crate::model::{BucketName, ObjectKey};

/// A segment in the request to write a static large object's manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SegmentRequest {
    /// An object, or a range of one.
    Object {
        /// `/container/object`, as the client wrote it.
        path: String,
        /// Its container, in the manifest's account.
        bucket: BucketName,
        key: ObjectKey,
        /// The ETag that the object must have, without quotes.
        etag: Option<String>,
        /// The size that the object must have.
        size: Option<u64>,
        /// A range of its bytes, as in a `Range` header after `bytes=`.
        range: Option<String>,
    },
    /// Bytes that the manifest itself contains.
    Data(Bytes),
}
