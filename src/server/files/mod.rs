//! What the gateway keeps in its data folder: written whole, for its owner's eyes, and on the disk before it counts.

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

/// How soon a lock that another has is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Who may read what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// The owner alone: secrets.
    Private,
    /// Everyone: certificates.
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

/// Makes a folder, and those above it, for the owner alone. One that stands is left as it is.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    folders::make(path, 0o700)
}

/// Writes a file so that it stands whole or not at all, over what stood there.
///
/// When it returns, its name is on the disk too: what is done next may rely on it.
pub(crate) fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let draft = Draft::new(path, bytes, access)?;
    rename(&draft.0, path)
}

/// Writes a file so that it stands whole where none stood. Another that stands is left, on the disk too, and is the error
/// `AlreadyExists`.
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

/// Gives a file a name that nothing has, by taking the name first: for a moment it has no contents.
fn rename_new(from: &Path, to: &Path, access: Access) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// Gives a file another name, for good.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// A whole file under a name that nobody else uses or looks for. That name goes with it, whatever became of the file.
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
        // It is not there where it was renamed.
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

/// Keeps other processes off what a lock is for until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Takes the data folder's lock.
pub(crate) fn lock(path: &Path) -> Result<Lock, ConfigError> {
    whole_folder(path, try_lock(path))
}

/// Takes the data folder's lock, also from a command that ends soon: some hold it for a moment only, to look.
pub(crate) async fn lock_within(path: &Path, patience: Duration) -> Result<Lock, ConfigError> {
    whole_folder(path, wait_for(path, patience).await)
}

/// Takes a lock that others hold for moments only: waits for it, though not for one that holds it for ever.
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

/// The data folder's lock, or why it could not be had.
fn whole_folder(path: &Path, taken: io::Result<Option<Lock>>) -> Result<Lock, ConfigError> {
    let bad = |found| ConfigError::new("data", found, "a folder that no other cardea uses");
    match taken {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(bad(format!("{} in use", folder_of(path).display()))),
        Err(error) => Err(bad(path.display().to_string()).because(error)),
    }
}

/// The lock; `None` where another process keeps it for so long.
async fn wait_for(path: &Path, patience: Duration) -> io::Result<Option<Lock>> {
    let end = Instant::now() + patience;
    loop {
        match try_lock(path)? {
            None if Instant::now() < end => sleep(LOOK_AGAIN).await,
            taken => return Ok(taken),
        }
    }
}

/// The lock; `None` where another process has it.
fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens the file of a lock. One that root makes belongs to whom the folder belongs: a gateway of that user is to take it too.
fn lock_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let folder = fs::metadata(folder_of(path))?;
    if file.metadata()?.uid() != folder.uid() {
        // Nobody but root can, and to others it is no matter.
        let _ = std::os::unix::fs::fchown(&file, Some(folder.uid()), Some(folder.gid()));
    }
    Ok(file)
}

/// Removes what kills have left of a file's drafts. Nobody else may be writing the file.
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
        // What cannot be written leaves nothing behind.
        let folder = path.with_file_name("folder");
        fs::create_dir_all(folder.join("full")).unwrap();
        write(&folder, b"three", Access::Private).unwrap_err();
        let mut names: Vec<_> =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["folder", "secret"]);
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap();
        let line = lock(&path).unwrap_err().to_string();
        assert!(line.ends_with("in use, expected a folder that no other cardea uses"), "{line}");
        drop(held);
        lock(&path).unwrap();
    }

    #[test]
    fn a_new_name_without_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        rename_new(&from, &to, Access::Private).unwrap_err();
        assert!(!to.exists(), "what was taken in vain is given back");
        fs::write(&from, "one").unwrap();
        rename_new(&from, &to, Access::Private).unwrap();
        fs::write(&from, "two").unwrap();
        let error = rename_new(&from, &to, Access::Private).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&to).unwrap(), "one");
    }

    #[tokio::test]
    async fn one_that_holds_a_lock_for_long_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turn");
        let _held = lock_in_turn(&path, Duration::ZERO).await.unwrap();
        let error = lock_in_turn(&path, Duration::ZERO).await.unwrap_err().to_string();
        assert!(error.contains("turn: another process holds the lock"), "{error}");
    }

    #[tokio::test]
    async fn a_process_that_ends_soon_is_waited_for() {
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
