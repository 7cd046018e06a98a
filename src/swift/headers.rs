//! Swift's own headers that several files need, and a value that only Swift has.

use poem::http::HeaderName;

/// The version that an answer is about.
pub(crate) const VERSION_ID: HeaderName = HeaderName::from_static("x-object-version-id");

/// The current version after another one was deleted.
pub(crate) const CURRENT_VERSION_ID: HeaderName = HeaderName::from_static("x-object-current-version-id");

/// When the object expires, in seconds since the epoch.
pub(crate) const DELETE_AT: HeaderName = HeaderName::from_static("x-delete-at");

/// When the account, container or object was last written, in seconds since the epoch with five decimals.
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("x-timestamp");

/// The content type of a delete marker, in a listing and in the 404 of a request for it.
pub(crate) const DELETE_MARKER_TYPE: &str = "application/x-deleted;swift_versions_deleted=1";
