//! The URLs that say where things are kept.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// Where blobs are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `file://`: a local folder.
    Folder(PathBuf),
    /// `memory://`: until the process ends.
    Memory,
}

impl FromStr for StoreUrl {
    type Err = ();

    fn from_str(url: &str) -> Result<Self, ()> {
        if url == "memory://" || url == "memory:///" {
            return Ok(Self::Memory);
        }
        file_path(url, "file://").map(Self::Folder)
    }
}

/// Where the index is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexUrl(PathBuf);

impl IndexUrl {
    /// The SQLite file.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl FromStr for IndexUrl {
    type Err = ();

    fn from_str(url: &str) -> Result<Self, ()> {
        file_path(url, "sqlite://").map(Self)
    }
}

/// The path of a URL without a host; a relative one (`file://blobs`) is taken as it stands.
fn file_path(url: &str, scheme: &str) -> Result<PathBuf, ()> {
    let path = url.strip_prefix(scheme).filter(|path| !path.is_empty() && !path.contains(['?', '#'])).ok_or(())?;
    let path = percent_decode_str(path).decode_utf8().map_err(|_| ())?;
    if path.contains('\0') { Err(()) } else { Ok(PathBuf::from(path.as_ref())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores() {
        let folder = |path: &str| Ok(StoreUrl::Folder(path.into()));
        assert_eq!("file:///var/lib/blobs".parse(), folder("/var/lib/blobs"));
        assert_eq!("file:///a%20b".parse(), folder("/a b"));
        assert_eq!("file://blobs".parse(), folder("blobs"));
        assert_eq!("memory://".parse(), Ok(StoreUrl::Memory));
        for bad in ["", "file://", "/var/lib", "s3://bucket", "az://c", "memory", "file:///a?b", "file:///%ff"] {
            assert_eq!(bad.parse::<StoreUrl>(), Err(()), "{bad}");
        }
    }

    #[test]
    fn indexes() {
        assert_eq!("sqlite:///x/index.db".parse::<IndexUrl>().unwrap().path(), Path::new("/x/index.db"));
        assert!("postgres://h/db".parse::<IndexUrl>().is_err());
    }
}
