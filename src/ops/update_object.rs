//! Swift's object POST: replaces an object's metadata.

use async_trait::async_trait;

use super::gateway::{Gateway, Operation, Permit, Target};
use super::{Action, BucketAddress, CustomerKey, Error};
use crate::model::{ObjectKey, ObjectMetadata, Timestamp};

/// Replaces an object's metadata. Needs no key; one that is given must be right.
#[derive(Debug)]
pub struct UpdateObject {
    /// Where.
    pub bucket: BucketAddress,
    /// Which key.
    pub key: ObjectKey,
    /// The new metadata; a `content_type` of `None` keeps the old one.
    pub metadata: ObjectMetadata,
    /// The customer's key, if one was given.
    pub customer_key: Option<CustomerKey>,
}

#[async_trait]
impl Operation for UpdateObject {
    type Output = Timestamp;
    const NAME: &'static str = "UpdateObject";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<Timestamp, Error> {
        todo!()
    }
}
