//! The face of a request, for operations whose rules differ between S3 and Swift.

/// The face whose rules apply if the rules of both differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// The S3 API.
    S3,
    /// The OpenStack Swift API.
    Swift,
}
