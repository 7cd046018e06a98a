//! Which backup hinders that a restored index is accepted.

use super::{Error, Manifest};
use crate::encryption::KeyRing;
use crate::storage::backup::{BackupId, Backups, origin};

/// The first backup that is later than what the index was restored from, and of another past: its blobs are not known to this
/// index. What was taken of this index since it was restored is none such. `restored` is what its mark says.
pub async fn later_backup(
    backups: &Backups,
    ring: &KeyRing,
    restored: &str,
) -> Result<Option<BackupId>, Error> {
    for set in backups.sets(None).await? {
        if !set.whole || set.id.as_str() <= origin(restored) {
            continue;
        }
        // One that cannot be read may need whatever there is.
        let manifest = Manifest::read(backups, ring, &set.id).await;
        if !manifest.is_ok_and(|manifest| manifest.restored.as_deref() == Some(restored)) {
            return Ok(Some(set.id));
        }
    }
    Ok(None)
}
