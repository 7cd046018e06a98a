//! The key ring's file.

use std::io::ErrorKind;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Access, private_folder, write};
use crate::config::ConfigError;
use crate::encryption::KeyRing;
use crate::http::date;
use crate::model::Timestamp;

/// Reads the ring; `None` where there is no file.
pub fn load(path: &Path) -> Result<Option<KeyRing>, ConfigError> {
    let bad =
        |what: String| ConfigError::new("keyring", format!("{} ({what})", path.display()), "a key ring");
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(error.to_string())),
    };
    KeyRing::from_toml(&text).map(Some).map_err(|error| bad(error.to_string()))
}

/// Writes the ring.
pub fn store(path: &Path, ring: &KeyRing) -> Result<(), ConfigError> {
    write(path, ring.to_toml().as_bytes(), Access::Private).map_err(|error| {
        ConfigError::new("keyring", format!("{} ({error})", path.display()), "a path that can be written")
    })
}

/// Writes the ring where no file was, and makes the folder it is to be in.
pub fn store_new(path: &Path, ring: &KeyRing) -> Result<(), ConfigError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder).map_err(|error| {
            ConfigError::new("keyring", format!("{} ({error})", path.display()), "a path that can be written")
        })?;
    }
    store(path, ring)
}

/// Makes a ring and writes its file.
pub fn generate(path: &Path) -> Result<KeyRing, ConfigError> {
    let ring = KeyRing::generate_at(&date::format_iso8601_millis(Timestamp::now()));
    store_new(path, &ring)?;
    Ok(ring)
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
        store(&path, &ring).unwrap();
        assert_eq!(load(&path).unwrap().unwrap().active_id(), ring.active_id());

        std::fs::write(&path, "secret = 1").unwrap();
        let line = load(&path).unwrap_err().to_string();
        assert!(line.starts_with("keyring: found ") && !line.contains("secret"), "{line}");
    }
}
