//! The protocol that a request came by, where the rules of the two differ.

/// Which protocol's rules decide where the two differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// The S3 API.
    S3,
    /// The OpenStack Swift API.
    Swift,
}
