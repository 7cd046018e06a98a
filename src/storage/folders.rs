//! Folders whose names are on disk before anything in them counts.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Creates a folder and its parents, and syncs their names.
///
/// An existing folder is not changed, but its directory entry is synced if possible: the process that created
/// it may have died before syncing.
pub fn make(path: &Path, mode: u32) -> io::Result<()> {
    let absent = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let absent: Vec<_> = absent.collect();
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    if absent.is_empty() {
        // The folder above may be on a file system that is not ours, and cannot be synced.
        let _ = sync_name(path);
    }
    absent.into_iter().rev().try_for_each(sync_name)
}

/// Syncs the folder that holds a name. A folder that this process may not read is not its to sync.
fn sync_name(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    match File::open(parent).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(()),
    }
}

/// Syncs a folder, so that files that were removed from it stay removed. A missing folder needs no sync.
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
