//! The range of a part in its object.

use std::ops::Range;

use crate::ops::bytes::version_seals::PartSeals;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::ops::engine::limits::MAX_PART_NUMBER;
use crate::storage::index::{BucketRecord, PartRecord, Unchanged, VersionRecord};

/// Finds the range of a part. An object without parts is its own first part.
pub async fn span(
    gateway: &Gateway,
    bucket: &BucketRecord,
    record: &VersionRecord,
    number: u32,
) -> Result<PartSpan, Error> {
    if !(1..=MAX_PART_NUMBER).contains(&number) {
        return Err(Error::NoSuchPart);
    }
    // There are at most `number` parts up to the one that is asked for.
    let mut parts = match record.part_count {
        None => vec![],
        Some(_) => gateway.index.numbered_parts(Unchanged::of(bucket.id, record), 0, number).await?,
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
    // The rows alone cannot be trusted: the references in the range must be those that were sent under the
    // part's number.
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

/// The range of a part in its object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartSpan {
    pub number: u32,
    pub range: Range<u64>,
}
