//! What is known of a plaintext: its MD5 and checksums, and those of the segments of a large object. For SSE-C they are sealed under the object's own key.

use serde::{Deserialize, Serialize};

use crate::model::StoredChecksum;

/// MD5 and checksums of a plaintext.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Digests {
    /// MD5, where it was computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub md5: Option<[u8; 16]>,
    /// Checksums, in the order they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub checksums: Vec<StoredChecksum>,
    /// The ETag that Swift knows it by, where that is neither the MD5 nor S3's: the MD5 of its segments' ETags, of a large
    /// object. Of an object that was sealed anew and whose MD5 is not known, the ETag it had before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// The ETags of the segments, as Swift knows them, in the order of a static large object's manifest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub segments: Vec<String>,
}
