//! Listing a bucket's versions and delete markers.

use crate::authz::Action;
use crate::model::VersionId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, BucketRecord, KeyQuery, VersionPage};

/// A page of versions and delete markers, by key and then from the newest to the oldest.
#[derive(Clone, Debug)]
pub struct ListVersions {
    pub bucket: BucketAddress,
    pub keys: KeyQuery,
    /// Also the versions of the marker's key that follow this one.
    pub version_marker: Option<VersionId>,
}

impl Operation for ListVersions {
    type Output = (BucketRecord, VersionPage);
    const NAME: &'static str = "ListVersions";
    const CACHED: bool = true;

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListBucketVersions]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(BucketRecord, VersionPage), Error> {
        match self.page(gateway, &permit).await {
            Err(Error::NoSuchBucket) => self.page(gateway, &permit.renewed(gateway, &self).await?).await,
            page => page,
        }
    }
}

impl ListVersions {
    async fn page(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
    ) -> Result<(BucketRecord, VersionPage), Error> {
        let bucket = permit.bucket()?;
        let keys = self.keys.clone();
        let query = index::ListVersions { bucket: bucket.id, keys, version_marker: self.version_marker };
        let page = gateway.index.list_versions(query).await?;
        Ok((bucket.clone(), page))
    }
}
