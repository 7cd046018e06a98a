//! From a body to sealed blobs.
