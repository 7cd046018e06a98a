//! Every seal: the envelopes of versions and uploads, the parts' own, the blobs' headers, and every chunk that the key
//! ring opens. Of what customers sealed, everything but the chunks.

use super::{FindingKind, Progress, Report};
use crate::care::verify::{Item, Verdict, Verifier, Walk};
use crate::ops::bytes::pace::Pace;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage::index::BucketRecord;

/// Verifies all of it.
pub(super) async fn all(gateway: &Gateway, report: &mut Report, progress: Progress<'_>) -> Result<(), Error> {
    let verifier = Verifier::new(gateway, Pace::unlimited(), false);
    let mut walk = Walk::default();
    while let Some((bucket, item)) = walk.next(&*gateway.index).await? {
        if let Verdict::Wrong(error) = verifier.item(&bucket, &item).await? {
            report.add(FindingKind::Seal, format!("{}: {error}", place(&bucket, &item)));
        }
        match item {
            Item::Version(..) => {
                report.versions += 1;
                progress("versions", report.versions);
            }
            Item::Upload(..) => {
                report.uploads += 1;
                progress("uploads", report.uploads);
            }
        }
    }
    Ok(())
}

fn place(bucket: &BucketRecord, item: &Item) -> String {
    let bucket = format!("bucket {}/{}", bucket.account.as_str(), bucket.name.as_str());
    match item {
        Item::Version(key, id) => format!("{bucket}, key {:?}, version {id}", key.as_str()),
        Item::Upload(key, id) => format!("{bucket}, key {:?}, upload {id}", key.as_str()),
    }
}
