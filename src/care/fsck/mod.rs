//! `fsck` compares the index with itself and with the blobs, in both directions. On demand it verifies every
//! seal.
//!
//! It only reads, and a gateway may run at the same time. So something that looks wrong is read again before
//! it is reported.

mod blobs;
mod deep;
mod report;

pub use report::{Finding, FindingKind, Leftovers, Report};

use crate::care::progress::ReportProgress;
use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;

/// Counts the stray blobs and foreign files in the store: the index does not know them, and no writer can
/// publish them any more.
pub(crate) async fn strays(gateway: &Gateway) -> Result<u64, Error> {
    let mut report = Report::default();
    blobs::check_stored(gateway, &mut report, &|_, _| ()).await?;
    Ok(report.count)
}

/// Checks an installation. `deep` reads everything that the key ring opens, and verifies every seal.
///
/// It fails only if the check itself is impossible. The faults of the installation are in the report.
pub async fn check(gateway: &Gateway, deep: bool, progress: ReportProgress<'_>) -> Result<Report, Error> {
    let mut report = Report { deep, ..Report::default() };
    progress("index", 0);
    for finding in gateway.index.audit().await? {
        report.add(FindingKind::Index, format!("{}: {}", finding.what, finding.detail));
    }
    blobs::check_named(gateway, &mut report, progress).await?;
    blobs::check_stored(gateway, &mut report, progress).await?;
    if deep {
        deep::verify_seals(gateway, &mut report, progress).await?;
    }
    Ok(report)
}
