//! Listing a bucket's current objects.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, BucketRecord, KeyQuery, ObjectPage};

/// A page of current objects in byte order of their keys.
#[derive(Clone, Debug)]
pub struct ListObjects {
    pub bucket: BucketAddress,
    pub keys: KeyQuery,
}

impl Operation for ListObjects {
    type Output = (BucketRecord, ObjectPage);
    const NAME: &'static str = "ListObjects";
    const CACHED: bool = true;

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListBucket]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(BucketRecord, ObjectPage), Error> {
        match self.page(gateway, &permit).await {
            Err(Error::NoSuchBucket) => self.page(gateway, &permit.renewed(gateway, &self).await?).await,
            page => page,
        }
    }
}

impl ListObjects {
    async fn page(
        &self,
        gateway: &Gateway,
        permit: &Permit<'_>,
    ) -> Result<(BucketRecord, ObjectPage), Error> {
        let bucket = permit.bucket()?;
        let query = index::ListObjects { bucket: bucket.id, keys: self.keys.clone() };
        let page = gateway.index.list_objects(query).await?;
        Ok((bucket.clone(), page))
    }
}
