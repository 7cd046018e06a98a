//! DeleteObject: removes an object or a version, or adds a delete marker.

use crate::authz::Action;
use crate::model::{ObjectKey, VersionId};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, Delete, Deleted, Precondition};

/// Deletes an object or a version of it. If nothing was there, the outcome has `removed: None`.
#[derive(Clone, Debug)]
pub struct DeleteObject {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The current object when `None`.
    pub version: Option<VersionId>,
    /// A condition on the current object.
    pub precondition: Precondition,
}

impl Operation for DeleteObject {
    type Output = Deleted;
    const NAME: &'static str = "DeleteObject";

    fn actions(&self) -> Vec<Action> {
        vec![if self.version.is_some() { Action::DeleteObjectVersion } else { Action::DeleteObject }]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<Deleted, Error> {
        let bucket = permit.bucket()?.id;
        let Self { key, version, precondition, .. } = self;
        Ok(gateway.index.delete(Delete { bucket, key, version, precondition }).await?)
    }
}
