//! An object's metadata. The user's and the system's are two fields, so that neither can pose as the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// `x-amz-meta-*` on S3, `X-Object-Meta-*` on Swift: one map. Names are lower case and without the prefix,
/// values are UTF-8 text. Key material never gets here: the door takes `encryption-*` headers out before
/// metadata is collected.
pub type UserMetadata = BTreeMap<String, String>;

/// The headers that both protocols store and return.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Expires`, as the client sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robots_tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_redirect: Option<String>,
    /// `X-Delete-At` (Swift): seconds since the epoch after which the object is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_at: Option<i64>,
    /// `X-Object-Manifest` (Swift): the container and prefix of a dynamic large object's segments, as the
    /// client sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_manifest: Option<String>,
}

impl SystemMetadata {
    /// Whether the object is gone by now, though it may still be stored.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.delete_at.is_some_and(|at| at <= now.seconds_floor())
    }
}

/// All of an object's metadata.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ObjectMetadata {
    /// The headers that the user named.
    pub user: UserMetadata,
    /// The headers that the protocols name.
    pub system: SystemMetadata,
}
