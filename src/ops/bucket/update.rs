//! Changes of a bucket: PutBucketVersioning, Swift's container POST.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketChange, BucketRecord};

/// Changes a bucket's metadata or versioning. If a bucket once kept versions, it can be suspended but not
/// off.
#[derive(Clone, Debug)]
pub struct UpdateBucket {
    pub bucket: BucketAddress,
    pub changes: Vec<BucketChange>,
}

impl Operation for UpdateBucket {
    type Output = BucketRecord;
    const NAME: &'static str = "UpdateBucket";

    fn actions(&self) -> Vec<Action> {
        let is_versioning = |change: &BucketChange| matches!(change, BucketChange::Versioning(_));
        let mut actions = Vec::new();
        if self.changes.iter().any(is_versioning) {
            actions.push(Action::PutBucketVersioning);
        }
        if !self.changes.iter().all(is_versioning) || self.changes.is_empty() {
            actions.push(Action::PutBucketSettings);
        }
        actions
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        let only_removes = !self.changes.is_empty() && self.changes.iter().all(BucketChange::only_removes);
        if only_removes { DiskUse::None } else { DiskUse::Rows }
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<BucketRecord, Error> {
        let id = permit.bucket()?.id;
        let changes = self.changes;
        gateway.change_bucket(id, move |index| async move { index.update_bucket(id, changes).await }).await
    }
}
