//! All names in the object store are built here. They are random and say nothing of what they hold.
//!
//! ```text
//! cardea.json                                  the installation's id
//! blobs/<writer>/<2 hex>/<30 hex>              a sealed blob: the process that wrote it, then 128 random bits
//! ```
//!
//! The writer comes first, so that what a dead process left behind is found by one listing; the two digits keep folders
//! of a local store small.

use object_store::path::Path;

use crate::model::{BlobId, WriterId};

/// The installation's record.
pub(super) fn install() -> Path {
    Path::from("cardea.json")
}

/// A blob.
pub(super) fn blob(id: &BlobId) -> Path {
    let name = hex::encode(id.as_bytes());
    let (writer, random) = name.split_at(2 * WriterId::LEN);
    let (fan, rest) = random.split_at(2);
    Path::from(format!("blobs/{writer}/{fan}/{rest}"))
}

/// All blobs.
pub(super) fn blobs() -> Path {
    Path::from("blobs")
}

/// The blobs of a writer.
pub(super) fn writer(writer: WriterId) -> Path {
    Path::from(format!("blobs/{writer}"))
}

/// Which blob a name is of, if it is one's.
pub(super) fn parse_blob(path: &Path) -> Option<BlobId> {
    let digits = path.as_ref().strip_prefix("blobs/")?.replace('/', "");
    let id = BlobId::from_slice(&hex::decode(digits).ok()?)?;
    (blob(&id) == *path).then_some(id)
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
        for other in ["cardea.json", "blobs/ab", "blobs/x/y/z"] {
            assert_eq!(parse_blob(&Path::from(other)), None, "{other}");
        }
    }
}
