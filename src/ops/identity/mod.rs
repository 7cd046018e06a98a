//! The users and keys of the index, for the identity layer.

pub(crate) mod directory;
