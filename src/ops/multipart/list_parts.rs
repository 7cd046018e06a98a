//! ListMultipartUploads and ListParts.

use super::open::{OpenUpload, open};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ObjectKey, StoredChecksum, Timestamp, UserId, VersionUid};
use crate::ops::bytes::sealing::PartSeals;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, UploadChecksum, UploadPart};

/// ListParts.
#[derive(Debug)]
pub struct ListParts {
    /// Where.
    pub bucket: BucketAddress,
    /// Under which key.
    pub key: ObjectKey,
    /// Which upload.
    pub upload: VersionUid,
    /// Only parts of higher numbers.
    pub after: u32,
    /// At most so many.
    pub limit: u32,
    /// The customer's key: with it, checksums of an SSE-C upload's parts are shown.
    pub customer_key: Option<CustomerKey>,
}

/// A page of an upload's parts.
#[derive(Clone, Debug)]
pub struct PartListing {
    /// Who began the upload.
    pub initiator: UserId,
    /// The upload's checksum.
    pub checksum: Option<UploadChecksum>,
    /// The parts, by number.
    pub parts: Vec<ListedPart>,
    /// Whether more follow.
    pub truncated: bool,
}

/// A part of an upload or of a completed object, as it is listed.
#[derive(Clone, Debug)]
pub struct ListedPart {
    /// Its number.
    pub number: u32,
    /// Plaintext bytes.
    pub size: u64,
    /// Its ETag, without quotes; empty for a part of a completed object.
    pub etag: String,
    /// When it was stored; `None` for a part of a completed object.
    pub modified: Option<Timestamp>,
    /// Its checksums, where they may be told.
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
