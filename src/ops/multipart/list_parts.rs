//! ListParts.

use super::open::{OpenUpload, open};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ObjectKey, StoredChecksum, Timestamp, UserId, VersionUid};
use crate::ops::bytes::version_seals::PartSeals;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, UploadChecksum, UploadPart};

#[derive(Debug)]
pub struct ListParts {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub upload: VersionUid,
    /// Only parts with higher numbers.
    pub after: u32,
    /// At most this many parts.
    pub limit: u32,
    /// The customer's key. With it the checksums of an SSE-C upload's parts are shown.
    pub customer_key: Option<CustomerKey>,
}

/// A page of an upload's parts.
#[derive(Clone, Debug)]
pub struct PartListing {
    pub initiator: UserId,
    pub checksum: Option<UploadChecksum>,
    /// The parts, in the order of their numbers.
    pub parts: Vec<ListedPart>,
    /// Whether more parts follow.
    pub truncated: bool,
}

/// A part in a listing, of an upload or of a completed object.
#[derive(Clone, Debug)]
pub struct ListedPart {
    pub number: u32,
    pub size: u64,
    /// The ETag without quotes, or empty for a part of a completed object.
    pub etag: String,
    /// The time of its storing, or `None` for a part of a completed object.
    pub modified: Option<Timestamp>,
    /// The checksums, if they may be shown.
    pub checksums: Vec<StoredChecksum>,
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
