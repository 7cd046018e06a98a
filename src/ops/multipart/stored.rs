//! The parts of an object that came by an upload: where each lies, and what is known of it.

use std::ops::Range;

use super::{ATTEMPTS, ListedPart, MAX_PART_NUMBER, ObjectParts, PartListing};
use crate::authz::Action;
use crate::model::{Timestamp, UserId};
use crate::ops::bytes::opening::{Keyless, Opening, open};
use crate::ops::bytes::sealing::{OpenedVersion, PartSeals};
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::{Gateway, Operation, Permit, Target};
use crate::ops::object::get::{PartSpan, missing};
use crate::storage::disk::DiskUse;
use crate::storage::index::{
    BucketAddress, BucketRecord, NumberedPart, PartRecord, Unchanged, UploadChecksum, VersionRecord,
};

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
    let mut parts = match record.part_count {
        None => vec![],
        Some(_) => gateway.index.numbered_parts(unchanged(bucket, record), 0, number).await?,
    };
    if parts.is_empty() && number == 1 {
        return Ok(PartSpan { number, range: 0..record.size });
    }
    parts.retain(|part| part.number <= number);
    let Some((part, before)) = parts.split_last().filter(|(part, _)| part.number == number) else {
        return Err(Error::NoSuchPart);
    };
    let begin = before.iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
    let range = begin..begin.saturating_add(part.size);
    let seals = PartSeals { ring: &gateway.ring, bucket, key: &record.key };
    let sealed = seals.open(number, part.size, &part.digests)?;
    // Wherever the rows say that the part lies: what lies there must be what was sent under its number.
    sealed.verify_references(record.uid, &references(record, &range))?;
    Ok(PartSpan { number, range })
}

/// The references that make up a range.
fn references(record: &VersionRecord, range: &Range<u64>) -> Vec<PartRecord> {
    let mut end = 0u64;
    let inside = |part: &&PartRecord| {
        let begin = end;
        end = end.saturating_add(part.length);
        begin >= range.start && end <= range.end
    };
    record.parts.iter().filter(inside).cloned().collect()
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
    sealed.check_upload(record.uid)?;
    Ok(ListedPart {
        number: part.number,
        size: part.size,
        etag: String::new(),
        modified: None,
        checksums: sealed.digests(version)?.unwrap_or_default().checksums,
    })
}
