//! Buckets.

use async_trait::async_trait;

use super::Result;
use super::command::{BucketChange, CreateBucket, ListBuckets};
use super::record::{BucketAddress, BucketPage, BucketRecord, BucketSettings, Usage};
use crate::model::settings::SettingName;
use crate::model::{AccountId, BucketId};

/// Buckets, and how much is in them.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// Creates a bucket. Fails with `BucketExists` if the account has it, and with `NameTaken` if another
    /// account has the name.
    async fn create_bucket(&self, command: CreateBucket) -> Result<BucketRecord>;
    /// Finds a bucket.
    async fn bucket(&self, address: &BucketAddress) -> Result<BucketRecord>;
    /// Changes a bucket's metadata or versioning, and moves its `modified`.
    async fn update_bucket(&self, id: BucketId, changes: Vec<BucketChange>) -> Result<BucketRecord>;
    /// The settings of a bucket.
    async fn bucket_settings(&self, id: BucketId) -> Result<BucketSettings>;
    /// Sets (`Some`) or removes (`None`) a setting, and returns the bucket's new generation of settings.
    /// Nothing else of the bucket changes, not even its `modified`.
    async fn put_bucket_setting(&self, id: BucketId, name: SettingName, text: Option<String>) -> Result<u64>;
    /// Deletes a bucket without objects, and frees its name. Its uploads are dropped with it.
    async fn delete_bucket(&self, id: BucketId) -> Result<()>;
    /// Objects and bytes of a bucket (current versions).
    async fn bucket_usage(&self, id: BucketId) -> Result<Usage>;
    /// Containers, objects and bytes of an account.
    async fn account_usage(&self, id: &AccountId) -> Result<Usage>;
    /// A page of an account's buckets in byte order of their names.
    async fn list_buckets(&self, query: ListBuckets) -> Result<BucketPage>;
}
