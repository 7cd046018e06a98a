//! ListMultipartUploads and ListParts.

use super::open::{OpenUpload, open};
use super::{ListParts, ListUploads, ListedPart, PartListing};
use crate::authz::Action;
use crate::ops::bytes::sealing::PartSeals;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit, Target};
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{UploadPage, UploadPart};

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

impl Operation for ListParts {
    type Output = PartListing;
    const NAME: &'static str = "ListParts";

    fn actions(&self) -> Vec<Action> {
        vec![Action::ListMultipartUploadParts]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PartListing, Error> {
        let bucket = permit.bucket()?;
        let page =
            gateway.index.list_parts(bucket.id, &self.key, self.upload, self.after, self.limit).await?;
        let OpenUpload { version, .. } = open(gateway, &permit, &page.upload, self.customer_key.as_ref())?;
        let seals = PartSeals { ring: &gateway.ring, bucket, key: &self.key };
        let listed = |part: UploadPart| {
            let sealed = seals.open(part.number, part.size, &part.digests)?;
            sealed.check_upload(self.upload)?;
            Ok(ListedPart {
                number: part.number,
                size: part.size,
                etag: part.etag,
                modified: Some(part.created),
                checksums: sealed.digests(version.as_ref())?.unwrap_or_default().checksums,
            })
        };
        Ok(PartListing {
            initiator: page.upload.initiator,
            checksum: page.upload.checksum,
            parts: page.parts.into_iter().map(listed).collect::<Result<_, Error>>()?,
            truncated: page.truncated,
        })
    }
}
