//! The parts of an object that came by an upload: where each lies, and what is known of it.

use async_trait::async_trait;

use super::{ATTEMPTS, ListedPart, MAX_PART_NUMBER, ObjectParts, PartListing};
use crate::model::{Timestamp, UserId};
use crate::ops::gateway::{Gateway, Operation, Permit, Target};
use crate::ops::get_object::missing;
use crate::ops::opening::{Keyless, Opening, open};
use crate::ops::sealing::{OpenedVersion, PartSeals};
use crate::ops::{Action, BucketAddress, BucketRecord, Error, PartSpan};
use crate::storage::index::{NumberedPart, Unchanged, UploadChecksum, VersionRecord};

#[async_trait]
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

    async fn run(self, gateway: &Gateway, permit: Permit<'_>) -> Result<PartListing, Error> {
        for _ in 0..ATTEMPTS {
            match self.attempt(gateway, &permit).await {
                Err(Error::Conflict) => {}
                outcome => return outcome,
            }
        }
        Err(Error::Conflict)
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
        let refuse = Keyless::Refuse { head: false };
        let Opening { version, digests } =
            open(&gateway.ring, permit.caller(), bucket, &record, key, refuse)?;

        let limit = self.limit.min(MAX_PART_NUMBER);
        let mut parts = match record.part_count {
            None => vec![],
            Some(_) => {
                gateway.index.numbered_parts(unchanged(bucket, &record), self.after, limit + 1).await?
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

/// Where a part lies in an object. An object of one piece is its own first part.
pub async fn span(
    gateway: &Gateway,
    bucket: &BucketRecord,
    record: &VersionRecord,
    number: u32,
) -> Result<PartSpan, Error> {
    if !(1..=MAX_PART_NUMBER).contains(&number) {
        return Err(Error::NoSuchPart);
    }
    // No more parts than that can come up to the one that is asked for.
    let parts = match record.part_count {
        None => vec![],
        Some(_) => gateway.index.numbered_parts(unchanged(bucket, record), 0, number).await?,
    };
    if parts.is_empty() && number == 1 {
        return Ok(PartSpan { number, range: 0..record.size });
    }
    let seals = PartSeals { ring: &gateway.ring, bucket, key: &record.key };
    let mut begin = 0u64;
    for part in parts {
        // The part's length is under its seal.
        seals.open(part.number, part.size, &part.digests)?;
        let end = begin + part.size;
        if end > record.size {
            return Err(Error::Corrupt("the parts are longer than the object".into()));
        }
        if part.number == number {
            return Ok(PartSpan { number, range: begin..end });
        }
        begin = end;
    }
    Err(Error::NoSuchPart)
}

fn unchanged(bucket: &BucketRecord, record: &VersionRecord) -> Unchanged {
    Unchanged { bucket: bucket.id, key: record.key.clone(), version_id: record.version_id, uid: record.uid }
}

fn listed(
    record: &VersionRecord,
    seals: PartSeals<'_>,
    version: Option<&OpenedVersion>,
    part: &NumberedPart,
) -> Result<ListedPart, Error> {
    let sealed = seals.open(part.number, part.size, &part.digests)?;
    // What was sealed anew since has another key, and may have another holder: what the upload knew is not told then.
    let version = version.filter(|_| sealed.is_of(record.uid));
    let told = match version {
        Some(version) => sealed.digests(Some(version))?,
        None => None,
    };
    Ok(ListedPart {
        number: part.number,
        size: part.size,
        etag: String::new(),
        modified: None,
        checksums: told.unwrap_or_default().checksums,
    })
}
