//! Sealing versions anew in place: another envelope and other wrapped keys over the same blobs.

use rusqlite::params;

use super::super::brief::Brief;
use super::connection::Tx;
use super::unchanged::UnchangedVersions;
use super::values::Count;
use crate::storage::Error;
use crate::storage::index::{Result, Rewrap};

/// All or none: if one version is `Changed`, the caller's savepoint undoes the others.
pub(super) fn rewrap(tx: &Tx<'_>, rewraps: &[Rewrap]) -> Result<()> {
    if rewraps.is_empty() {
        return Ok(());
    }
    let mut unchanged = UnchangedVersions::new(tx);
    let mut update_version = tx.prepare(
        "UPDATE versions SET uid = ?2, mode = ?3, etag = ?4, digests = ?5, envelope = ?6 WHERE nr = ?1",
    )?;
    let mut count_parts = tx.prepare("SELECT count(*) FROM parts WHERE version = ?1")?;
    let mut forget_numbers = tx.prepare("DELETE FROM version_parts WHERE version = ?1")?;
    let mut update_part = tx.prepare("UPDATE parts SET wrapped_key = ?3 WHERE version = ?1 AND seq = ?2")?;
    for rewrap in rewraps {
        let Brief { nr: version, latest, .. } = unchanged.find(&rewrap.version)?;
        let Count(parts) = count_parts.query_row([version], |row| row.get(0))?;
        if !latest || parts != rewrap.wrapped_keys.len() as u64 {
            return Err(Error::Changed);
        }
        update_version.execute(params![
            version,
            rewrap.uid,
            rewrap.mode,
            rewrap.etag,
            rewrap.digests,
            rewrap.envelope
        ])?;
        forget_numbers.execute([version])?;
        for (seq, key) in (0_i64..).zip(&rewrap.wrapped_keys) {
            if update_part.execute(params![version, seq, key])? != 1 {
                return Err(Error::Damaged(format!("version {} has no part {seq}", rewrap.version.uid)));
            }
        }
    }
    Ok(())
}
