//! Verifies every seal: the envelopes of versions and uploads, the seals of parts, the headers of blobs, and
//! every chunk that the key ring opens. If a customer's key sealed an object, its chunks are not verified.

use crate::care::fsck::report::{FindingKind, Report};
use crate::care::progress::ReportProgress;
use crate::care::verify::walk::{Item, Walk};
use crate::care::verify::{Verdict, Verifier};
use crate::ops::bytes::pace::Pace;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;
use crate::storage::index::BucketRecord;

/// Verifies the seals of all versions and uploads.
pub(super) async fn verify_seals(
    gateway: &Gateway,
    report: &mut Report,
    progress: ReportProgress<'_>,
) -> Result<(), Error> {
    let verifier = Verifier::new(gateway, Pace::unlimited(), false);
    let mut walk = Walk::default();
    while let Some((bucket, item)) = walk.next(&*gateway.index).await? {
        if let Verdict::Wrong(error) = verifier.item(&bucket, &item).await? {
            report.add(FindingKind::Seal, format!("{}: {error}", location(&bucket, &item)));
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

fn location(bucket: &BucketRecord, item: &Item) -> String {
    let bucket = format!("bucket {}/{}", bucket.account.as_str(), bucket.name.as_str());
    match item {
        Item::Version(key, id) => format!("{bucket}, key {:?}, version {id}", key.as_str()),
        Item::Upload(key, id) => format!("{bucket}, key {:?}, upload {id}", key.as_str()),
    }
}
