//! AbortMultipartUpload, which needs no key.

use crate::authz::Action;
use crate::model::{ObjectKey, VersionUid};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::BucketAddress;

#[derive(Clone, Debug)]
pub struct AbortUpload {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub upload: VersionUid,
}

impl Operation for AbortUpload {
    type Output = ();
    const NAME: &'static str = "AbortUpload";

    fn actions(&self) -> Vec<Action> {
        vec![Action::AbortMultipartUpload]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(), Error> {
        Ok(gateway.index.abort_upload(permit.bucket()?.id, &self.key, self.upload).await?)
    }
}
