//! What is known of a plaintext: its MD5 and checksums. For SSE-C they are sealed under the object's own key.

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
}
