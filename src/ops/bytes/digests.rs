//! The digests of a plaintext: its MD5, its checksums, and the ETags of a large object's segments. For SSE-C
//! the digests are sealed under the object's own key.

use serde::{Deserialize, Serialize};

use crate::model::StoredChecksum;

/// MD5 and checksums of a plaintext.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Digests {
    /// MD5, if it was computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub md5: Option<[u8; 16]>,
    /// Checksums, in the order of the request.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub checksums: Vec<StoredChecksum>,
    /// The ETag on Swift, if it is neither the MD5 nor S3's ETag. For a large object it is the MD5 of the
    /// segments' ETags. If an object of unknown MD5 was sealed anew, it is the ETag that the object had
    /// before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// The ETags of the segments on Swift, in the order of a static large object's manifest.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub segments: Vec<String>,
}
