//! Folders whose names are on the disk before anything in them counts.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes a folder, and those above it, and has their names synced. One that stands is left as it is, but its
/// name is synced too where that can be: whoever made it may not have come to that.
pub fn make(path: &Path, mode: u32) -> io::Result<()> {
    let absent = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let absent: Vec<_> = absent.collect();
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    if absent.is_empty() {
        // The folder above may be of a file system that is none of ours, and cannot be synced.
        let _ = sync_name(path);
    }
    absent.into_iter().rev().try_for_each(sync_name)
}

/// Syncs the folder that a name stands in. One that this process may not read is another's care.
fn sync_name(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    match File::open(parent).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Syncs a folder, that what was removed from it stays removed. One that is gone needs no sync.
pub fn sync(path: &Path) -> io::Result<()> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_those_above() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        make(&path, 0o700).unwrap();
        make(&path, 0o700).unwrap();
        sync(&path).unwrap();
        sync(&path.join("gone")).unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        assert!(make(&root.path().join("file/x"), 0o700).is_err());
    }
}
