//! A bucket and its usage: HeadBucket, GetBucketLocation, Swift's container HEAD.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, BucketRecord, Usage};

/// Reads a bucket and its usage, also for the settings that clients probe.
#[derive(Clone, Debug)]
pub struct BucketInfo {
    pub bucket: BucketAddress,
    /// The action to authorise, which depends on the request.
    pub action: Action,
}

/// The outcome of [`BucketInfo`].
#[derive(Clone, Debug)]
pub struct BucketView {
    pub record: BucketRecord,
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

    /// The operation only reads, whatever its action is.
    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<BucketView, Error> {
        // The cache is not used: with a HEAD a client checks that a change has arrived.
        let record = gateway.index.bucket(&BucketAddress::Id(permit.bucket()?.id)).await?;
        let usage = gateway.index.bucket_usage(record.id).await?;
        Ok(BucketView { record, usage })
    }
}
