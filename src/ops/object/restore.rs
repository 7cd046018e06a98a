//! RestoreVersion: makes an old version the current object again. No byte moves, and no key is needed. The
//! new version keeps the private identity; only the outer layer of its envelope is sealed again.

use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ObjectKey, Timestamp, VersionId};
use crate::ops::bytes::opening::missing;
use crate::ops::bytes::opening::{Keyless, Opening, open};
use crate::ops::bytes::version_seals::reseal;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::ops::object::get::{ObjectInfo, info};
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, Restore, Unchanged};

/// Makes an old version the current object again.
#[derive(Debug)]
pub struct RestoreVersion {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub version: VersionId,
    /// The customer's key, if the client sent one. It must be the version's key.
    pub customer_key: Option<CustomerKey>,
}

impl Operation for RestoreVersion {
    /// The current object after the operation.
    type Output = ObjectInfo;
    const NAME: &'static str = "RestoreVersion";

    fn actions(&self) -> Vec<Action> {
        vec![Action::GetObjectVersion, Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<ObjectInfo, Error> {
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl RestoreVersion {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<ObjectInfo, Error> {
        let bucket = permit.bucket()?;
        let address = BucketAddress::Id(bucket.id);
        let (fresh, found) = gateway.index.find(&address, &self.key, Some(self.version)).await?;
        let record = found.map_err(|error| missing(error, Some(self.version)))?;
        // The restored object would expire at once.
        if record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchVersion);
        }
        let key = self.customer_key.as_ref();
        let Opening { version, digests } =
            open(&gateway.ring, permit.caller(), bucket, &record, key, Keyless::Describe)?;
        let unchanged = Unchanged::of(bucket.id, &record);
        let restore = Restore { version: unchanged, seal: reseal(gateway, bucket, &record) };
        let published = gateway.index.restore(restore).await?;
        let restored = info(&fresh, &record, digests, version.is_some());
        Ok(ObjectInfo {
            version_id: published.version_id,
            created: published.created,
            modified: published.created,
            ..restored
        })
    }
}
