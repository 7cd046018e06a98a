//! A bucket and its usage: HeadBucket, GetBucketLocation, Swift's container HEAD.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, Usage};

/// A bucket and its usage: HeadBucket, GetBucketLocation, the settings that clients probe; Swift's container HEAD.
#[derive(Clone, Debug)]
pub struct BucketInfo {
    /// Which.
    pub bucket: BucketAddress,
    /// The action that it is this time.
    pub action: Action,
}

/// What [`BucketInfo`] tells.
#[derive(Clone, Debug)]
pub struct BucketView {
    /// The bucket.
    pub record: BucketRecord,
    /// Its usage.
    pub usage: Usage,
}

impl Operation for BucketInfo {
    type Output = BucketView;
    const NAME: &'static str = "BucketInfo";

    fn actions(&self) -> Vec<Action> {
        vec![self.action]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    /// It reads, whatever it is read for.
    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<BucketView, Error> {
        // Not from the cache: a HEAD is how a client checks that a change has arrived.
        let record = gateway.index.bucket(&BucketAddress::Id(permit.bucket()?.id)).await?;
        let usage = gateway.index.bucket_usage(record.id).await?;
        Ok(BucketView { record, usage })
    }
}
