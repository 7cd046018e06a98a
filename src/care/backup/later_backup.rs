//! Finds a later backup. While one exists, a restored index must not be accepted.

use crate::care::backup::error::Error;
use crate::care::backup::manifest::Manifest;
use crate::encryption::KeyRing;
use crate::storage::backup::{BackupId, Backups, origin};

/// Finds the first backup that is later than the origin of the restored index, and that has another past.
/// This index does not know the blobs of such a backup. A backup that was taken of this index after its
/// restoration does not count. `restored` is the text of the index's mark.
pub(crate) async fn later_backup(
    backups: &Backups,
    ring: &KeyRing,
    restored: &str,
) -> Result<Option<BackupId>, Error> {
    for set in backups.sets(None).await? {
        if !set.whole || set.id.as_str() <= origin(restored) {
            continue;
        }
        // A backup whose manifest cannot be read may need any blob.
        let manifest = Manifest::read(backups, ring, &set.id).await;
        if !manifest.is_ok_and(|manifest| manifest.restored.as_deref() == Some(restored)) {
            return Ok(Some(set.id));
        }
    }
    Ok(None)
}
