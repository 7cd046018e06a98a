//! The users and keys of the index, as the identity layer asks for them.

pub(crate) mod directory;
