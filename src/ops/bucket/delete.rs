//! DeleteBucket, and Swift's container DELETE.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::BucketAddress;

/// Deletes an empty bucket.
#[derive(Clone, Debug)]
pub struct DeleteBucket {
    pub bucket: BucketAddress,
}

impl Operation for DeleteBucket {
    type Output = ();
    const NAME: &'static str = "DeleteBucket";

    fn actions(&self) -> Vec<Action> {
        vec![Action::DeleteBucket]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(), Error> {
        let id = permit.bucket()?.id;
        gateway.change_bucket(id, move |index| async move { index.delete_bucket(id).await }).await
    }
}
