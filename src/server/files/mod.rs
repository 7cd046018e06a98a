//! The files of the data folder. Each is written whole, for its owner only, and is on the disk before
//! anything relies on it.

pub(crate) mod credentials;
pub(crate) mod keyring;
pub(crate) mod passwords;
pub(crate) mod tls;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::config::ConfigError;
use crate::storage::folders;

/// The pause before the next try to take a lock.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Who may read a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Only the owner may: for secrets.
    Private,
    Public,
}

impl Access {
    const fn mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Public => 0o644,
        }
    }
}

/// Makes a folder, and the folders above it, for the owner only. An existing folder is not changed.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    folders::make(path, 0o700)
}

/// Writes a file, over an existing one. After a crash there is the whole new file or the whole old one.
///
/// When it returns, the file's name is on the disk, too: the next step may rely on it.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let draft = Draft::new(path, bytes, access)?;
    rename(&draft.0, path)
}

/// Writes a new file: it is there whole or not at all. If one exists, that one is synced to the disk and
/// stays, and the error is `AlreadyExists`.
pub(crate) fn write_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let draft = Draft::new(path, bytes, access)?;
    let linked = match fs::hard_link(&draft.0, path) {
        // Some file systems have no hard links.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            rename_new(&draft.0, path, access)
        }
        linked => linked,
    };
    drop(draft);
    sync_folder(path)?;
    linked
}

/// Renames a file to a new name, by taking the name first: for a moment the new file is empty.
fn rename_new(from: &Path, to: &Path, access: Access) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// Renames a file, and syncs the folder.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// A whole file under a temporary name of its own. Dropping it removes that name, whether the file was
/// renamed or not.
struct Draft(PathBuf);

impl Draft {
    fn new(path: &Path, bytes: &[u8], access: Access) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", hex::encode(random)));
        let draft = path.with_file_name(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(&draft)?;
        let draft = Self(draft);
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // If the file was renamed, there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Syncs the folder that a file is in.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Takes the data folder's lock.
pub(crate) fn lock(path: &Path) -> Result<Lock, ConfigError> {
    whole_folder(path, try_lock(path))
}

/// Takes the data folder's lock. Waits for a command that holds it for a moment only.
pub(crate) async fn lock_within(path: &Path, patience: Duration) -> Result<Lock, ConfigError> {
    whole_folder(path, wait_for(path, patience).await)
}

/// Takes a lock that others hold for moments only. Waits for it, but not for ever.
pub(crate) async fn lock_in_turn(path: &Path, patience: Duration) -> io::Result<Lock> {
    let taken = match wait_for(path, patience).await {
        Ok(taken) => {
            taken.ok_or_else(|| io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock"))
        }
        Err(error) => Err(error),
    };
    taken.map_err(|source| io::Error::new(source.kind(), At { path: path.to_owned(), source }))
}

/// An error about a file, with its path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
struct At {
    path: PathBuf,
    source: io::Error,
}

/// The data folder's lock, or the error about it.
fn whole_folder(path: &Path, taken: io::Result<Option<Lock>>) -> Result<Lock, ConfigError> {
    let bad = |found| ConfigError::new("data", found, "a folder that no other cardea uses");
    match taken {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(bad(format!("{} in use", folder_of(path).display()))),
        Err(error) => Err(bad(path.display().to_string()).because(error)),
    }
}

/// The lock, or `None` if another process keeps it for too long.
async fn wait_for(path: &Path, patience: Duration) -> io::Result<Option<Lock>> {
    let end = Instant::now() + patience;
    loop {
        match try_lock(path)? {
            None if Instant::now() < end => sleep(LOOK_AGAIN).await,
            taken => return Ok(taken),
        }
    }
}

/// The lock, or `None` if another process has it.
fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens the file of a lock. If root makes the file, it gets the owner of the folder: a gateway of that user
/// must be able to take the lock, too.
fn lock_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let folder = fs::metadata(folder_of(path))?;
    if file.metadata()?.uid() != folder.uid() {
        // Only root can do this, and others do not need it.
        let _ = std::os::unix::fs::fchown(&file, Some(folder.uid()), Some(folder.gid()));
    }
    Ok(file)
}

/// Removes drafts of a file that killed processes left behind. No other process may be writing the file.
pub(crate) fn remove_drafts(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.file_name();
        let rest = found.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.starts_with(b".") && rest.ends_with(b".tmp")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn writes_with_its_mode_over_anything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/secret");
        private_folder(path.parent().unwrap()).unwrap();
        for text in ["one", "two"] {
            write(&path, text.as_bytes(), Access::Private).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        // A failed write leaves nothing behind.
        let folder = path.with_file_name("folder");
        fs::create_dir_all(folder.join("full")).unwrap();
        write(&folder, b"three", Access::Private).unwrap_err();
        let mut names: Vec<_> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["folder", "secret"]);
    }

    #[test]
    fn only_one_process_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap();
        let line = lock(&path).unwrap_err().to_string();
        assert!(line.ends_with("in use, expected a folder that no other cardea uses"), "{line}");
        drop(held);
        lock(&path).unwrap();
    }

    #[test]
    fn a_new_file_without_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        rename_new(&from, &to, Access::Private).unwrap_err();
        assert!(!to.exists(), "the name that was taken in vain is free again");
        fs::write(&from, "one").unwrap();
        rename_new(&from, &to, Access::Private).unwrap();
        fs::write(&from, "two").unwrap();
        let error = rename_new(&from, &to, Access::Private).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).unwrap(), "one");
    }

    #[tokio::test]
    async fn a_lock_that_is_held_for_long_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turn");
        let _held = lock_in_turn(&path, Duration::ZERO).await.unwrap();
        let error = lock_in_turn(&path, Duration::ZERO).await.unwrap_err().to_string();
        assert!(error.contains("turn: another process holds the lock"), "{error}");
    }

    #[tokio::test]
    async fn a_short_lock_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap();
        let line = lock_within(&path, Duration::ZERO).await.unwrap_err().to_string();
        assert!(line.contains("in use"), "{line}");
        let mut waiting = std::pin::pin!(lock_within(&path, Duration::from_mins(10)));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(held);
        waiting.await.unwrap();
    }
}
