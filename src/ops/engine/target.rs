//! The target of an operation: an account or a bucket.

use crate::model::AccountId;
use crate::storage::index::BucketAddress;

/// The account or bucket that an operation touches, for authorisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    Account(AccountId),
    /// A bucket, or an object in it.
    Bucket(BucketAddress),
}
