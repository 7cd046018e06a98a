//! `fsck`: the index checked against itself and against the blobs, both ways; and, on demand, every seal.
//!
//! It reads only. No gateway may run meanwhile: what it sees must stand still.

mod blobs;
mod deep;
mod report;

pub use report::{Finding, Kind, Leftovers, Report};

use super::{Error, Gateway};

/// Is told how far the check is: what is looked at, and how many of it so far.
pub type Progress<'p> = &'p (dyn Fn(&'static str, u64) + Sync);

/// Checks an installation. `deep` reads everything that the key ring opens, and verifies every seal.
///
/// Fails only where the check itself cannot be made: what is wrong with the installation is in the report.
pub async fn check(gateway: &Gateway, deep: bool, progress: Progress<'_>) -> Result<Report, Error> {
    let mut report = Report { deep, ..Report::default() };
    progress("index", 0);
    for finding in gateway.index.audit().await? {
        report.add(Kind::Index, format!("{}: {}", finding.what, finding.detail));
    }
    blobs::named(gateway, &mut report, progress).await?;
    blobs::stored(gateway, &mut report, progress).await?;
    if deep {
        deep::all(gateway, &mut report, progress).await?;
    }
    Ok(report)
}
