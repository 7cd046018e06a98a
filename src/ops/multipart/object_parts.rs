//! The parts of an object that was uploaded in parts: the size and the checksums of each.

use super::list_parts::{ListedPart, PartListing};
use crate::authz::Action;
use crate::encryption::CustomerKey;
use crate::model::{ObjectKey, Timestamp, UserId, VersionId};
use crate::ops::bytes::opening::{Keyless, Opening, missing, open};
use crate::ops::bytes::version_seals::{OpenedVersion, PartSeals};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit};
use crate::ops::engine::limits::MAX_PART_NUMBER;
use crate::ops::engine::retry::settled;
use crate::ops::engine::target::Target;
use crate::storage::disk::DiskUse;
use crate::storage::index::{BucketAddress, NumberedPart, Unchanged, UploadChecksum, VersionRecord};

/// The parts of a completed object, for GetObjectAttributes.
#[derive(Debug)]
pub struct ObjectParts {
    pub bucket: BucketAddress,
    pub key: ObjectKey,
    /// The current version when `None`.
    pub version: Option<VersionId>,
    pub customer_key: Option<CustomerKey>,
    /// Only parts with higher numbers.
    pub after: u32,
    /// At most this many parts. If the object was not uploaded in parts, the listing is empty.
    pub limit: u32,
}

impl Operation for ObjectParts {
    type Output = PartListing;
    const NAME: &'static str = "ObjectParts";

    fn actions(&self) -> Vec<Action> {
        vec![match self.version {
            Some(_) => Action::GetObjectVersionAttributes,
            None => Action::GetObjectAttributes,
        }]
    }

    fn target(&self) -> Target {
        Target::Bucket(self.bucket.clone())
    }

    fn disk_use(&self) -> DiskUse {
        DiskUse::None
    }

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PartListing, Error> {
        settled(|| self.attempt(gateway, &permit)).await
    }
}

impl ObjectParts {
    async fn attempt(&self, gateway: &Gateway, permit: &Permit<'_>) -> Result<PartListing, Error> {
        let bucket = permit.bucket()?;
        let (_, found) = gateway.index.find(&BucketAddress::Id(bucket.id), &self.key, self.version).await?;
        let record = found.map_err(|error| missing(error, self.version))?;
        if record.metadata.system.is_expired(Timestamp::now()) {
            return Err(Error::NoSuchObject { marker: None });
        }
        let key = self.customer_key.as_ref();
        let refuse = Keyless::Refuse;
        let Opening { version, digests } =
            open(&gateway.ring, permit.caller(), bucket, &record, key, refuse)?;

        let limit = self.limit.min(MAX_PART_NUMBER);
        let mut parts = match record.part_count {
            None => vec![],
            Some(_) => {
                gateway.index.numbered_parts(Unchanged::of(bucket.id, &record), self.after, limit + 1).await?
            }
        };
        let truncated = parts.len() > limit as usize;
        parts.truncate(limit as usize);
        let seals = PartSeals { ring: &gateway.ring, bucket, key: &record.key };
        let listed = |part: NumberedPart| listed(&record, seals, version.as_ref(), &part);
        let checksum = digests.checksums.first();
        Ok(PartListing {
            initiator: UserId::new(""),
            checksum: checksum.map(|checksum| UploadChecksum {
                algorithm: checksum.algorithm,
                kind: checksum.kind,
                chosen: true,
            }),
            parts: parts.into_iter().map(listed).collect::<Result<_, Error>>()?,
            truncated,
        })
    }
}

fn listed(
    record: &VersionRecord,
    seals: PartSeals<'_>,
    version: Option<&OpenedVersion>,
    part: &NumberedPart,
) -> Result<ListedPart, Error> {
    let sealed = seals.open(part.number, part.size, &part.digests)?;
    sealed.check_upload(record.uid)?;
    Ok(ListedPart {
        number: part.number,
        size: part.size,
        etag: String::new(),
        modified: None,
        checksums: sealed.digests(version)?.unwrap_or_default().checksums,
    })
}
