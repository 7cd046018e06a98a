//! What only a local folder needs.

use std::io;
use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;

use super::paths;
use crate::storage::{Error, folders};

/// The folder of a `file://` URL, from what follows the scheme; `None` unless it is an absolute path.
pub(super) fn folder(rest: &str) -> Option<PathBuf> {
    let path = percent_encoding::percent_decode_str(rest).decode_utf8().ok()?;
    path.starts_with('/').then(|| PathBuf::from(path.as_ref()))
}

/// Opens a folder, making it where it is not.
pub(super) fn open(folder: &Path) -> Result<LocalFileSystem, Error> {
    let made = folders::make(folder, 0o777).and_then(|()| remove_pending(folder));
    made.map_err(|error| Error::Unavailable(format!("{}: {error}", folder.display()).into()))?;
    let store =
        LocalFileSystem::new_with_prefix(folder).map_err(|error| Error::Unavailable(Box::new(error)))?;
    // Off by default: acknowledged means on disk, the file and the folders that lead to it.
    Ok(store.with_fsync(true))
}

/// Removes what interrupted claims left beside the store's record. Before there is one, another process may be at it.
fn remove_pending(folder: &Path) -> io::Result<()> {
    if !folder.join(paths::install().as_ref()).try_exists()? {
        return Ok(());
    }
    let pending = format!("{}#", paths::install());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&pending) {
            match std::fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Removes a dead writer's unfinished files (`name#1`, which listings hide) and its empty folders. Nobody writes there.
pub(super) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_leftovers(&entry.path())?;
        } else if entry.file_name().to_string_lossy().contains('#') {
            std::fs::remove_file(entry.path())?;
        }
    }
    // What its writer removed is to stay removed as well: nobody looks here again.
    folders::sync(folder)?;
    match std::fs::remove_dir(folder) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Counts unfinished files (`name#1`). Folders may come and go meanwhile.
pub(super) fn unfinished(folder: &Path) -> io::Result<u64> {
    let mut count = 0;
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            count += unfinished(&entry.path())?;
        } else if entry.file_name().to_string_lossy().contains('#') {
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_folders() {
        assert_eq!(folder("/var/lib/x%20y"), Some(PathBuf::from("/var/lib/x y")));
        assert_eq!(folder("relative/path"), None);
        assert_eq!(folder(""), None);
    }

    #[test]
    fn leftovers_go_and_blobs_stay() {
        let root = tempfile::tempdir().unwrap();
        let (writer, empty) = (root.path().join("w"), root.path().join("w/bb"));
        std::fs::create_dir_all(writer.join("aa")).unwrap();
        std::fs::create_dir_all(&empty).unwrap();
        std::fs::write(writer.join("aa/blob"), b"x").unwrap();
        std::fs::write(writer.join("aa/other#1"), b"x").unwrap();
        assert_eq!(unfinished(root.path()).unwrap(), 1);
        remove_leftovers(&writer).unwrap();
        assert!(writer.join("aa/blob").exists());
        assert!(!writer.join("aa/other#1").exists());
        assert!(!empty.exists());
        std::fs::remove_file(writer.join("aa/blob")).unwrap();
        remove_leftovers(&writer).unwrap();
        assert!(!writer.exists());
        remove_leftovers(&writer).unwrap();
    }

    #[test]
    fn pending_claims_go_when_one_is_done() {
        let root = tempfile::tempdir().unwrap();
        let pending = root.path().join("cardea.json#1");
        std::fs::write(&pending, b"x").unwrap();
        open(root.path()).unwrap();
        assert!(pending.exists(), "another process may be about to name it");
        std::fs::write(root.path().join("cardea.json"), b"x").unwrap();
        open(root.path()).unwrap();
        assert!(!pending.exists());
    }

    #[test]
    fn files_are_synced() {
        let root = tempfile::tempdir().unwrap();
        assert!(format!("{:?}", open(root.path()).unwrap()).contains("fsync: true"));
    }
}
