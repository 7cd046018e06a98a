//! The key ring's file.

use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Access, private_folder, write_new};
use crate::config::ConfigError;
use crate::encryption::KeyRing;
use crate::http::date;
use crate::model::Timestamp;

/// Reads the ring; `None` where there is no file.
pub(crate) fn load(path: &Path) -> Result<Option<KeyRing>, ConfigError> {
    let bad = || ConfigError::new("keyring", path.display().to_string(), "a key ring");
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad().because(error)),
    };
    KeyRing::from_toml(&text).map(Some).map_err(|error| bad().because(error))
}

/// Writes the ring's file, and makes the folder for it. Returns false and changes nothing if there is a file
/// already: others may have sealed with its ring.
pub(crate) fn store_new(path: &Path, ring: &KeyRing) -> Result<bool, ConfigError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder).map_err(|error| unwritable(path, error))?;
    }
    match write_new(path, ring.to_toml().as_bytes(), Access::Private) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(unwritable(path, error)),
    }
}

/// Makes a ring and writes its file, or returns `None` if there is a file already.
pub(crate) fn generate(path: &Path) -> Result<Option<KeyRing>, ConfigError> {
    let ring = KeyRing::generate_at(&date::format_iso8601_millis(Timestamp::now()));
    Ok(store_new(path, &ring)?.then_some(ring))
}

fn unwritable(path: &Path, error: std::io::Error) -> ConfigError {
    ConfigError::new("keyring", path.display().to_string(), "a path that can be written").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.toml");
        assert!(load(&path).unwrap().is_none());
        let ring = KeyRing::generate();
        assert!(store_new(&path, &ring).unwrap());
        assert_eq!(load(&path).unwrap().unwrap().active_id(), ring.active_id());

        std::fs::write(&path, "secret = 1").unwrap();
        let line = load(&path).unwrap_err().to_string();
        assert!(line.starts_with("keyring: found ") && !line.contains("secret"), "{line}");
    }

    #[test]
    fn of_several_makers_at_once_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/keyring.toml");
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || generate(&path).unwrap())
            })
            .collect();
        let made: Vec<_> = makers.into_iter().filter_map(|maker| maker.join().unwrap()).collect();
        assert_eq!(made.len(), 1);
        assert_eq!(load(&path).unwrap().unwrap().active_id(), made[0].active_id());
        // No maker has left another file, and none can write later.
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(!store_new(&path, &KeyRing::generate()).unwrap());
        assert_eq!(load(&path).unwrap().unwrap().active_id(), made[0].active_id());
    }

    #[test]
    fn leftovers_of_a_kill_are_no_ring() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.toml");
        std::fs::write(folder.path().join("keyring.toml.new"), "leftover").unwrap();
        std::fs::write(folder.path().join("keyring.toml.0123456789abcdef.tmp"), "leftover").unwrap();
        assert!(generate(&path).unwrap().is_some());
    }
}
