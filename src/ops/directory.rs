//! The identity layer's directory, over the index and the key ring.

/// Reads principals from the index and opens their secrets with the key ring.
pub struct IndexDirectory {}
