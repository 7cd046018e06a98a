//! `fsck`: the index checked against itself and against the blobs, both ways; and, on demand, every seal.
//!
//! It reads only, and a gateway may run meanwhile: what looks wrong is looked at again before it is told.

mod blobs;
mod deep;
mod report;

pub use report::{Finding, FindingKind, Leftovers, Report};

use crate::ops::engine::error::Error;
use crate::ops::engine::gateway::Gateway;

/// Is told how far the check is: what is looked at, and how many of it so far.
pub type Progress<'p> = &'p (dyn Fn(&'static str, u64) + Sync);

/// How many things the store holds that the index does not know, and that no writer can publish any more.
pub async fn strays(gateway: &Gateway) -> Result<u64, Error> {
    let mut report = Report::default();
    blobs::stored(gateway, &mut report, &|_, _| ()).await?;
    Ok(report.count)
}

/// Checks an installation. `deep` reads everything that the key ring opens, and verifies every seal.
///
/// Fails only where the check itself cannot be made: what is wrong with the installation is in the report.
pub async fn check(gateway: &Gateway, deep: bool, progress: Progress<'_>) -> Result<Report, Error> {
    let mut report = Report { deep, ..Report::default() };
    progress("index", 0);
    for finding in gateway.index.audit().await? {
        report.add(FindingKind::Index, format!("{}: {}", finding.what, finding.detail));
    }
    blobs::named(gateway, &mut report, progress).await?;
    blobs::stored(gateway, &mut report, progress).await?;
    if deep {
        deep::all(gateway, &mut report, progress).await?;
    }
    Ok(report)
}
