//! Local folders as stores.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use object_store::local::LocalFileSystem;

use super::paths;
use crate::storage::{Error, folders};

/// The folder of a `file://` URL, from what follows the scheme; `None` unless it is an absolute path.
pub(super) fn folder(rest: &str) -> Option<PathBuf> {
    let path = percent_encoding::percent_decode_str(rest).decode_utf8().ok()?;
    path.starts_with('/').then(|| PathBuf::from(path.as_ref()))
}

/// Opens a folder, and creates it if it does not exist.
pub(super) fn open(folder: &Path) -> Result<LocalFileSystem, Error> {
    let made = folders::make(folder, 0o777).and_then(|()| remove_pending(folder));
    made.map_err(|error| Error::Unavailable(format!("{}: {error}", folder.display()).into()))?;
    let store =
        LocalFileSystem::new_with_prefix(folder).map_err(|error| Error::Unavailable(Box::new(error)))?;
    // It is off by default. An acknowledged write is on disk, the file and the folders that lead to it.
    Ok(store.with_fsync(true))
}

/// The folders of blobs.
///
/// object_store creates a missing folder and syncs it. But a blob that finds a folder which another write has
/// just created would be acknowledged before the folder's name is on disk.
#[derive(Clone, Default, Debug)]
pub(super) struct Folders {
    root: Arc<PathBuf>,
    named: Arc<Mutex<HashSet<PathBuf>>>,
}

impl Folders {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root: Arc::new(root), named: Arc::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Creates the folder of a blob and its parents, unless that was done before.
    pub(super) async fn make_for(&self, blob: &object_store::path::Path) -> object_store::Result<()> {
        let Some(folder) = Path::new(blob.as_ref()).parent() else { return Ok(()) };
        if self.has(folder) {
            return Ok(());
        }
        let (folders, folder) = (self.clone(), folder.to_owned());
        match tokio::task::spawn_blocking(move || folders.make(&folder)).await {
            Ok(made) => made.map_err(|error| generic(Box::new(error))),
            Err(error) => Err(generic(Box::new(error))),
        }
    }

    fn make(&self, folder: &Path) -> io::Result<()> {
        let mut above: Vec<_> = folder.ancestors().filter(|folder| !folder.as_os_str().is_empty()).collect();
        while let Some(folder) = above.pop() {
            if !self.has(folder) {
                folders::make(&self.root.join(folder), 0o777)?;
                self.named.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
            }
        }
        Ok(())
    }

    fn has(&self, folder: &Path) -> bool {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).contains(folder)
    }
}

fn generic(source: Box<dyn std::error::Error + Send + Sync>) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source }
}

/// Removes the files that interrupted claims left next to the store's record. Before the record exists,
/// another process may be writing one.
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

/// Removes a dead writer's unfinished files (`name#1`, which listings hide) and its empty folders. Nobody
/// else writes there.
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
    // Files that the writer removed must stay removed too: nobody looks here again.
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

    #[tokio::test]
    async fn folders_of_blobs_are_made_once() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().to_owned());
        let blob = object_store::path::Path::from("blobs/w/aa/bb");
        folders.make_for(&blob).await.unwrap();
        assert!(root.path().join("blobs/w/aa").is_dir());
        std::fs::remove_dir(root.path().join("blobs/w/aa")).unwrap();
        folders.make_for(&blob).await.unwrap();
        assert!(!root.path().join("blobs/w/aa").exists(), "it is known");
        std::fs::write(root.path().join("blobs/w/cc"), b"").unwrap();
        folders.make_for(&object_store::path::Path::from("blobs/w/cc/dd")).await.unwrap_err();
    }

    #[test]
    fn files_are_synced() {
        let root = tempfile::tempdir().unwrap();
        assert!(format!("{:?}", open(root.path()).unwrap()).contains("fsync: true"));
    }
}
