//! ListMultipartUploads.

use crate::authz::Action;
use crate::model::VersionUid;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, UploadPage};

#[derive(Clone, Debug)]
pub struct ListUploads {
    pub bucket: BucketAddress,
    /// Only keys with this prefix.
    pub prefix: String,
    /// Rolls up keys that share the text after the prefix up to and with this delimiter.
    pub delimiter: Option<String>,
    /// Only keys after this one. With an `upload_marker` also the uploads of that key after it.
    pub key_marker: Option<String>,
    /// An upload of the key in `key_marker`.
    pub upload_marker: Option<VersionUid>,
    /// At most this many rows.
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
