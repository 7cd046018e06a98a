//! All names in the object store are built here. They are random, and reveal nothing of the contents.
//!
//! ```text
//! cardea.json                                  the installation's id
//! blobs/<writer>/<2 hex>/<30 hex>              a sealed blob: its writer, then 128 random bits
//! backups/sets/<id>/hold                       a backup was begun: what it needs stays
//! backups/sets/<id>/renewed                    it was still being made then
//! backups/sets/<id>/manifest                   it is whole: which chunks it is made of, sealed
//! backups/chunks/<2 hex>/<62 hex>              rows of the index, sealed, by a keyed hash of their contents
//! backups/deleting/<id>                        chunks that no manifest names are being deleted
//! ```
//!
//! The writer comes first, so that one listing finds everything that a dead process left behind. The two
//! digits keep the folders of a local store small.

use object_store::path::Path;

use crate::model::{BlobId, WriterId};

/// The installation's record.
pub(super) fn install() -> Path {
    Path::from("cardea.json")
}

pub(super) fn blob(id: &BlobId) -> Path {
    let name = hex::encode(id.as_bytes());
    let (writer, random) = name.split_at(2 * WriterId::LEN);
    let (fan, rest) = random.split_at(2);
    Path::from(format!("blobs/{writer}/{fan}/{rest}"))
}

pub(super) fn blobs() -> Path {
    Path::from("blobs")
}

/// The blobs of a writer.
pub(super) fn writer(writer: WriterId) -> Path {
    Path::from(format!("blobs/{writer}"))
}

/// The writer whose blobs are below a name, if there is one.
pub(super) fn parse_writer(path: &Path) -> Option<WriterId> {
    let id = WriterId::from_slice(&hex::decode(path.as_ref().strip_prefix("blobs/")?).ok()?)?;
    (writer(id) == *path).then_some(id)
}

/// The blob that a name belongs to, if it is the name of a blob.
pub(super) fn parse_blob(path: &Path) -> Option<BlobId> {
    let digits = path.as_ref().strip_prefix("blobs/")?.replace('/', "");
    let id = BlobId::from_slice(&hex::decode(digits).ok()?)?;
    (blob(&id) == *path).then_some(id)
}

/// The folder of everything that belongs to backups.
pub(super) const BACKUPS: &str = "backups/";

pub(in crate::storage) fn backup_sets() -> Path {
    Path::from("backups/sets")
}

/// The mark of a backup that was begun.
pub(in crate::storage) fn backup_hold(id: &str) -> Path {
    Path::from(format!("backups/sets/{id}/hold"))
}

/// The sign of life of a backup that is being made.
pub(in crate::storage) fn backup_renewal(id: &str) -> Path {
    Path::from(format!("backups/sets/{id}/renewed"))
}

/// The manifest of a whole backup.
pub(in crate::storage) fn backup_manifest(id: &str) -> Path {
    Path::from(format!("backups/sets/{id}/manifest"))
}

/// The backup that a name belongs to, and whether it is the name of its manifest, not of its hold or a sign
/// of life.
pub(in crate::storage) fn parse_backup(path: &Path) -> Option<(&str, bool)> {
    match path.as_ref().strip_prefix("backups/sets/")?.split_once('/')? {
        (id, "hold" | "renewed") => Some((id, false)),
        (id, "manifest") => Some((id, true)),
        _ => None,
    }
}

pub(in crate::storage) fn backup_chunks() -> Path {
    Path::from("backups/chunks")
}

/// A chunk; its name has 64 digits.
pub(in crate::storage) fn backup_chunk(name: &[u8; 32]) -> Path {
    let name = hex::encode(name);
    let (fan, rest) = name.split_at(2);
    Path::from(format!("backups/chunks/{fan}/{rest}"))
}

/// The chunk that a name belongs to, if it is the name of a chunk.
pub(in crate::storage) fn parse_backup_chunk(path: &Path) -> Option<[u8; 32]> {
    let digits = path.as_ref().strip_prefix("backups/chunks/")?.replace('/', "");
    let name = hex::decode(digits).ok()?.try_into().ok()?;
    (backup_chunk(&name) == *path).then_some(name)
}

/// The marks of processes that delete chunks.
pub(in crate::storage) fn backup_deletions() -> Path {
    Path::from("backups/deleting")
}

/// The mark of one process that deletes chunks.
pub(in crate::storage) fn backup_deletion(id: &str) -> Path {
    Path::from(format!("backups/deleting/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blobs_name_begins_with_its_writer_and_reads_back() {
        let id = BlobId([0xAB; 24]);
        let path = blob(&id);
        assert_eq!(path.as_ref(), format!("blobs/{}/ab/{}", "ab".repeat(8), "ab".repeat(15)));
        assert!(path.prefix_matches(&writer(id.writer())));
        assert_eq!(parse_blob(&path), Some(id));
        assert_eq!((parse_writer(&writer(id.writer())), parse_writer(&path)), (Some(id.writer()), None));
        let chunk = [0x5A; 32];
        assert_eq!(parse_backup_chunk(&backup_chunk(&chunk)), Some(chunk));
        assert_eq!(parse_backup(&backup_hold("x")), Some(("x", false)));
        assert_eq!(parse_backup(&backup_renewal("x")), Some(("x", false)));
        assert_eq!(parse_backup(&backup_manifest("x")), Some(("x", true)));
        for other in ["cardea.json", "backups/sets/x", "backups/sets/x/y", "backups/chunks/ab"] {
            let other = Path::from(other);
            assert!(parse_backup(&other).is_none() && parse_backup_chunk(&other).is_none(), "{other}");
        }
        for other in ["cardea.json", "blobs/ab", "blobs/x/y/z"] {
            assert_eq!(parse_blob(&Path::from(other)), None, "{other}");
        }
    }
}
