//! What the gateway keeps in its data folder: written whole, for its owner's eyes, and on the disk before it counts.

pub mod credentials;
pub mod keyring;
pub mod passwords;
pub mod tls;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::ConfigError;
use crate::storage::folders;

/// Who may read what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
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
pub fn private_folder(path: &Path) -> io::Result<()> {
    folders::make(path, 0o700)
}

/// Writes a file so that it stands whole or not at all, over what stood there.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let pending = pending(path);
    write_pending(&pending, bytes, access)?;
    publish(&pending, path)
}

/// The name that a file has until it is whole.
pub fn pending(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes the file under its pending name. When it returns, that name is on the disk too: what is done next may rely on it.
pub fn write_pending(pending: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    // A leftover may have another mode: only a new file takes the one asked for.
    match fs::remove_file(pending) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(pending)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_folder(pending)
}

/// Gives the file its name, for good.
pub fn publish(pending: &Path, path: &Path) -> io::Result<()> {
    fs::rename(pending, path)?;
    sync_folder(path)
}

/// Syncs the folder that a file is in.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Keeps other processes off the data folder until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Takes the data folder's lock.
pub fn lock(path: &Path) -> Result<Lock, ConfigError> {
    let refused = |found: String| ConfigError::new("data", found, "a folder that no other cardea uses");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = file.map_err(|error| refused(format!("{} ({error})", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            Err(refused(format!("{} in use", path.parent().unwrap_or(Path::new(".")).display())))
        }
        Err(TryLockError::Error(error)) => Err(refused(format!("{} ({error})", path.display()))),
    }
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
        fs::write(pending(&path), "leftover").unwrap();
        for text in ["one", "two"] {
            write(&path, text.as_bytes(), Access::Private).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert!(!pending(&path).exists());
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
}
