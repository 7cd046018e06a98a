//! What an operation touches.

use crate::model::AccountId;
use crate::storage::index::BucketAddress;

/// What an operation touches, for authorisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// An account.
    Account(AccountId),
    /// A bucket, or something in it.
    Bucket(BucketAddress),
}
