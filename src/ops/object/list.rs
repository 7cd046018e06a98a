//! Listing a bucket's current objects.

use crate::authz::Action;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, BucketRecord, ObjectPage};

/// A page of current objects in byte order of their keys.
#[derive(Clone, Debug)]
pub struct ListObjects {
    pub bucket: BucketAddress,
    /// Only keys with this prefix.
    pub prefix: String,
    /// Rolls up keys that share the text after the prefix up to and with this delimiter.
    pub delimiter: Option<String>,
    /// Only rows after this one, exclusive (before it, when reversed). A marker that equals a common prefix
    /// skips that prefix.
    pub marker: Option<String>,
    /// Whether a marker inside a common prefix skips the whole prefix (Swift), or only the keys up to the
    /// marker (S3).
    pub marker_skips_prefix: bool,
    /// Only rows before this one, exclusive (after it, when reversed).
    pub end_marker: Option<String>,
    /// At most this many rows, common prefixes included.
    pub limit: u32,
    /// Whether the page goes from the last row to the first.
    pub reverse: bool,
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
        let query = index::ListObjects {
            bucket: bucket.id,
            prefix: self.prefix.clone(),
            delimiter: self.delimiter.clone(),
            marker: self.marker.clone(),
            marker_skips_prefix: self.marker_skips_prefix,
            end_marker: self.end_marker.clone(),
            limit: self.limit,
            reverse: self.reverse,
        };
        let page = gateway.index.list_objects(query).await?;
        Ok((bucket.clone(), page))
    }
}
