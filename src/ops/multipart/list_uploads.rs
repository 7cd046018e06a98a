//! ListMultipartUploads.

use crate::authz::Action;
use crate::model::VersionUid;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, UploadPage};

/// ListMultipartUploads.
#[derive(Clone, Debug)]
pub struct ListUploads {
    /// Where.
    pub bucket: BucketAddress,
    /// Only keys that begin so.
    pub prefix: String,
    /// Rolls up what follows the prefix up to and with this text.
    pub delimiter: Option<String>,
    /// Only keys after this one; with an `upload_marker` also that key's uploads after it.
    pub key_marker: Option<String>,
    /// An upload of the key that is the marker.
    pub upload_marker: Option<VersionUid>,
    /// At most so many rows.
    pub limit: u32,
}

impl Operation for ListUploads {
    type Output = UploadPage;
    const NAME: &'static str = "ListUploads";

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListBucketMultipartUploads]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<UploadPage, Error> {
        let Self { prefix, delimiter, key_marker, upload_marker, limit, .. } = self;
        let bucket = permit.bucket()?.id;
        let query = index::ListUploads { bucket, prefix, delimiter, key_marker, upload_marker, limit };
        Ok(gateway.index.list_uploads(query).await?)
    }
}
