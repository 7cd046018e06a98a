//! ListBuckets, and Swift's account GET.

use crate::authz::Action;
use crate::model::AccountId;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::BucketPage;

/// A page of an account's buckets in byte order of their names.
#[derive(Clone, Debug)]
pub struct ListBuckets {
    pub account: AccountId,
    /// Only names with this prefix.
    pub prefix: String,
    /// Only names after this one, exclusive (before it, when reversed).
    pub marker: Option<String>,
    /// Only names before this one, exclusive (after it, when reversed).
    pub end_marker: Option<String>,
    /// At most this many rows.
    pub limit: u32,
    /// Whether the page goes from the last row to the first.
    pub reverse: bool,
}

impl Operation for ListBuckets {
    type Output = BucketPage;
    const NAME: &'static str = "ListBuckets";

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListAllMyBuckets]
    }

    fn target(&self) -> Target {
        Target::Account(self.account.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, _permit: Permit<'_>) -> Result<BucketPage, Error> {
        let Self { account, prefix, marker, end_marker, limit, reverse } = self;
        let query = index::ListBuckets { account, prefix, marker, end_marker, limit, reverse };
        Ok(gateway.index.list_buckets(query).await?)
    }
}
