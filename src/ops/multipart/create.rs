//! CreateMultipartUpload.

use crate::authz::Action;
use crate::model::{
    ChecksumAlgorithm, ChecksumKind, EncryptionMode, ObjectKey, ObjectMetadata, UserId, VersionUid,
};
use crate::ops::bytes::version_seals::VersionSeals;
use crate::ops::bytes::write::{WriteEncryption, holder};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index;
use crate::storage::index::{BucketAddress, UploadChecksum};

#[derive(Debug)]
pub struct CreateUpload {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    pub encryption: WriteEncryption,
    pub metadata: ObjectMetadata,
    /// The checksum that the client chose. If it chose none, an SSE-S3 upload keeps CRC64NVME of the whole,
    /// and an SSE-C upload keeps none.
    pub checksum: Option<UploadChecksum>,
}

#[derive(Clone, Debug)]
pub struct CreatedUpload {
    pub upload: VersionUid,
    pub mode: EncryptionMode,
    pub checksum: Option<UploadChecksum>,
}

impl Operation for CreateUpload {
    type Output = CreatedUpload;
    const NAME: &'static str = "CreateUpload";

    fn actions(&self) -> Vec<Action> {
        vec![Action::PutObject]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::Data
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<CreatedUpload, Error> {
        let bucket = permit.bucket()?;
        let caller = permit.caller();
        let (mode, holder) = holder(&self.encryption, caller.secure)?;
        let checksum = checksum(mode, self.checksum)?;
        let uid = VersionUid::random();
        let seals = VersionSeals::generate(gateway, holder, bucket, uid);
        let initiator = caller.identity.as_ref().map_or_else(|| UserId::new(""), |i| i.user.clone());
        let command = index::CreateUpload {
            bucket: bucket.id,
            envelope: seals.into_upload(&gateway.ring, bucket, &self.key, mode),
            key: self.key,
            uid,
            initiator,
            mode,
            checksum,
            metadata: self.metadata,
        };
        gateway.index.create_upload(command).await?;
        Ok(CreatedUpload { upload: uid, mode, checksum })
    }
}

/// The checksum that an upload keeps. If the client chose none, it is CRC64NVME of the whole, as on AWS.
/// SSE-C then keeps none.
fn checksum(mode: EncryptionMode, chosen: Option<UploadChecksum>) -> Result<Option<UploadChecksum>, Error> {
    let Some(UploadChecksum { algorithm, kind, .. }) = chosen else {
        return Ok((mode != EncryptionMode::Customer).then_some(UploadChecksum {
            algorithm: ChecksumAlgorithm::Crc64Nvme,
            kind: ChecksumKind::FullObject,
            chosen: false,
        }));
    };
    let possible = match algorithm {
        ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c => true,
        ChecksumAlgorithm::Crc64Nvme => kind == ChecksumKind::FullObject,
        ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => kind == ChecksumKind::Composite,
    };
    if !possible {
        return Err(Error::ChecksumKindInvalid { algorithm, kind });
    }
    Ok(Some(UploadChecksum { algorithm, kind, chosen: true }))
}
