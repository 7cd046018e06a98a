//! CreateBucket, and Swift's container PUT.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::authz::Action;
use crate::model::settings::SettingName;
use crate::model::{AccountId, BucketId, BucketName};
use crate::ops::engine::error::Error;
use crate::ops::engine::face::Face;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, BucketChange, BucketRecord, Index, NamePolicy};

/// Creates a bucket.
///
/// On S3 the name must be S3-legal and is registered globally. If it exists, the error is `BucketNameTaken`
/// or `BucketAlreadyOwned`. On Swift an existing container of the account is merged with the changes (202).
#[derive(Clone, Debug)]
pub struct CreateBucket {
    pub account: AccountId,
    pub name: BucketName,
    /// The face whose rules apply.
    pub face: Face,
    /// The metadata (Swift), merged into an existing container: `Some` sets, `None` removes.
    pub metadata: BTreeMap<String, Option<String>>,
    /// The settings of a new bucket, as text. An existing container keeps its own.
    pub settings: BTreeMap<SettingName, String>,
}

/// The outcome of [`CreateBucket`].
#[derive(Clone, Debug)]
pub struct CreatedBucket {
    /// Whether the bucket is new.
    pub created: bool,
    pub bucket: BucketRecord,
}

impl Operation for CreateBucket {
    type Output = CreatedBucket;
    const NAME: &'static str = "CreateBucket";

    fn actions(&self) -> Vec<Action> {
        vec![Action::CreateBucket]
    }

    fn target(&self) -> Target {
        Target::Account(self.account.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, _permit: Permit<'_>) -> Result<CreatedBucket, Error> {
        let policy = match self.face {
            Face::S3 if !self.name.is_s3_legal() => return Err(Error::InvalidBucketName),
            Face::S3 => NamePolicy::Required,
            // With `<account>:<name>` S3 reaches a bucket that is not in the registry.
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
            settings: self.settings,
        };
        match gateway.index.create_bucket(command).await {
            Ok(bucket) => Ok(CreatedBucket { created: true, bucket }),
            Err(storage::Error::BucketExists(id)) if self.face == Face::Swift => {
                let changes = self.metadata.into_iter();
                let changes: Vec<_> =
                    changes.map(|(name, value)| BucketChange::Metadata(name, value)).collect();
                let bucket = if changes.is_empty() {
                    gateway.buckets.forget_bucket(id);
                    gateway.index.bucket(&BucketAddress::Id(id)).await?
                } else {
                    let change =
                        move |index: Arc<dyn Index>| async move { index.update_bucket(id, changes).await };
                    gateway.change_bucket(id, change).await?
                };
                Ok(CreatedBucket { created: false, bucket })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The metadata of a new bucket: the changes that set something.
fn present(changes: &BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    changes.iter().filter_map(|(name, value)| value.clone().map(|value| (name.clone(), value))).collect()
}
