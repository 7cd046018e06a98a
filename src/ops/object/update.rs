//! Swift's object POST: replaces an object's metadata.

use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ObjectKey, ObjectMetadata, Timestamp, VersionId};
use crate::ops::bytes::opening::{Keyless, open};
use crate::ops::bytes::versioning::is_versioned;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, UpdateMetadata};

/// Replaces an object's metadata. The operation needs no key. If the client sent one, it must be right.
#[derive(Debug)]
pub struct UpdateObject {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The new metadata; a `content_type` of `None` keeps the old one.
    pub metadata: ObjectMetadata,
    pub customer_key: Option<CustomerKey>,
}

/// An object whose metadata was replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpdatedObject {
    pub modified: Timestamp,
    /// The version id, which does not change.
    pub version_id: VersionId,
    /// Whether answers show the version id.
    pub versioned: bool,
}

impl Operation for UpdateObject {
    type Output = UpdatedObject;
    const NAME: &'static str = "UpdateObject";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Rows
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<UpdatedObject, Error> {
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl UpdateObject {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<UpdatedObject, Error> {
        let bucket = permit.bucket()?;
        let (fresh, found) = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, None).await?;
        let record = found?;
        // A change of an expired object would bring it back.
        if record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchObject { marker: None });
        }
        let key = self.customer_key.as_ref();
        // Verifies the envelope, and also the key if the client sent one.
        open(&gateway.ring, permit.caller(), bucket, &record, key, Keyless::Describe)?;
        let mut metadata = self.metadata.clone();
        if metadata.system.content_type.is_none() {
            metadata.system.content_type = record.metadata.system.content_type;
        }
        let command = UpdateMetadata { bucket: bucket.id, key: self.key.clone(), uid: record.uid, metadata };
        let modified = gateway.index.update_metadata(command).await?;
        Ok(UpdatedObject {
            modified,
            version_id: record.version_id,
            versioned: is_versioned(&fresh, record.version_id),
        })
    }
}
