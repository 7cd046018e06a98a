//! Buckets (containers): create, look at, change, delete.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::gateway::{Gateway, Operation, Permit, Target};
use super::{Action, BucketAddress, BucketChange, BucketRecord, Error, Usage};
use crate::model::{AccountId, BucketName};

/// Which protocol's rules decide where the two differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// The S3 API.
    S3,
    /// The OpenStack Swift API.
    Swift,
}

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

/// Changes a bucket's metadata or settings.
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

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<CreatedBucket, Error> {
        todo!()
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

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<BucketView, Error> {
        todo!()
    }
}

#[async_trait]
impl Operation for UpdateBucket {
    type Output = BucketRecord;
    const NAME: &'static str = "UpdateBucket";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutBucketSettings]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<BucketRecord, Error> {
        todo!()
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

    async fn run(self, _gateway: &Gateway, _permit: Permit<'_>) -> Result<(), Error> {
        todo!()
    }
}
