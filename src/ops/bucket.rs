//! Buckets (containers): create, look at, change, delete.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::authz::Action;
use crate::model::{AccountId, BucketId, BucketName};
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::{Gateway, Operation, Permit, Target};
use crate::storage;
use crate::storage::index;
use crate::storage::index::{BucketAddress, BucketChange, BucketRecord, NamePolicy, Usage};
use crate::storage::room::Need;

/// Creates a bucket.
///
/// On S3 the name must be S3-legal and is registered globally: `BucketNameTaken` or `BucketAlreadyOwned` where it
/// stands. On Swift an existing container of the account is merged with the changes (202).
#[derive(Clone, Debug)]
pub struct CreateBucket {
    /// Whose.
    pub account: AccountId,
    /// Its name.
    pub name: BucketName,
    /// Whose rules.
    pub face: Face,
    /// Its metadata (Swift), merged into an existing container: `Some` sets, `None` removes.
    pub metadata: BTreeMap<String, Option<String>>,
    /// Its settings, likewise.
    pub settings: BTreeMap<String, Option<String>>,
}

/// The outcome of [`CreateBucket`].
#[derive(Clone, Debug)]
pub struct CreatedBucket {
    /// Whether it is new.
    pub created: bool,
    /// The bucket.
    pub bucket: BucketRecord,
}

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

/// Changes a bucket's metadata, settings or versioning. A bucket that kept versions once is suspended, not off.
#[derive(Clone, Debug)]
pub struct UpdateBucket {
    /// Which.
    pub bucket: BucketAddress,
    /// The changes.
    pub changes: Vec<BucketChange>,
}

/// Deletes an empty bucket.
#[derive(Clone, Debug)]
pub struct DeleteBucket {
    /// Which.
    pub bucket: BucketAddress,
}

#[async_trait]
impl Operation for CreateBucket {
    type Output = CreatedBucket;
    const NAME: &'static str = "CreateBucket";

    fn actions(&self) -> Vec<Action> {
        vec![Action::CreateBucket]
    }

    fn target(&self) -> Target {
        Target::Account(self.account.clone())
    }

    async fn run(self, gateway: &Gateway, _permit: Permit<'_>) -> Result<CreatedBucket, Error> {
        let policy = match self.face {
            Face::S3 if !self.name.is_s3_legal() => return Err(Error::InvalidBucketName),
            Face::S3 => NamePolicy::Required,
            // `<account>:<name>` is how S3 reaches what the registry does not lead to.
            Face::Swift if self.name.as_str().contains(':') => NamePolicy::Never,
            Face::Swift => NamePolicy::IfFree,
        };
        gateway.index.account(&self.account).await?.ok_or(Error::NoSuchAccount)?;
        let command = index::CreateBucket {
            id: BucketId::random(),
            account: self.account,
            name: self.name,
            policy,
            metadata: present(&self.metadata),
            settings: present(&self.settings),
        };
        match gateway.index.create_bucket(command).await {
            Ok(bucket) => Ok(CreatedBucket { created: true, bucket }),
            Err(storage::Error::BucketExists(id)) if self.face == Face::Swift => {
                let metadata =
                    self.metadata.into_iter().map(|(name, value)| BucketChange::Metadata(name, value));
                let settings =
                    self.settings.into_iter().map(|(name, value)| BucketChange::Setting(name, value));
                let changes: Vec<_> = metadata.chain(settings).collect();
                let bucket = if changes.is_empty() {
                    gateway.index.bucket(&BucketAddress::Id(id)).await?
                } else {
                    gateway.index.update_bucket(id, changes).await?
                };
                gateway.buckets.forget_bucket(id);
                Ok(CreatedBucket { created: false, bucket })
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
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
    fn need(&self) -> Need {
        Need::Nothing
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<BucketView, Error> {
        // Not from the cache: a HEAD is how a client checks that a change has arrived.
        let record = gateway.index.bucket(&BucketAddress::Id(permit.bucket()?.id)).await?;
        let usage = gateway.index.bucket_usage(record.id).await?;
        Ok(BucketView { record, usage })
    }
}

#[async_trait]
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

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<BucketRecord, Error> {
        let id = permit.bucket()?.id;
        let record = gateway.index.update_bucket(id, self.changes).await;
        gateway.buckets.forget_bucket(id);
        Ok(record?)
    }
}

#[async_trait]
impl Operation for DeleteBucket {
    type Output = ();
    const NAME: &'static str = "DeleteBucket";

    fn actions(&self) -> Vec<Action> {
        vec![Action::DeleteBucket]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<(), Error> {
        let id = permit.bucket()?.id;
        let deleted = gateway.index.delete_bucket(id).await;
        gateway.buckets.forget_bucket(id);
        Ok(deleted?)
    }
}

/// What a new bucket starts with: the changes that set something.
fn present(changes: &BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    changes.iter().filter_map(|(name, value)| value.clone().map(|value| (name.clone(), value))).collect()
}
