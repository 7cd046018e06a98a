//! The URLs of the store and of the index.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::http::percent;

/// Where blobs are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum StoreUrl {
    /// `file://`: a local folder.
    Folder(PathBuf),
    /// `memory://`: until the process ends.
    Memory,
    /// `s3://`, `az://` or `gs://`: a bucket or container behind a network, with an optional prefix.
    Cloud(String),
}

impl FromStr for StoreUrl {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        if ["s3://", "az://", "gs://"].iter().any(|scheme| url.starts_with(scheme)) {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
            let bucket = url[5..].trim_end_matches('/');
            return if bucket.is_empty() {
                Err("no bucket or container")
            } else if !bucket.bytes().all(is_plain) {
                Err("a character that neither bucket nor prefix may have")
            } else if bucket.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
                Err("a segment of the prefix that is empty, . or ..")
            } else {
                Ok(Self::Cloud(url.to_owned()))
            };
        }
        if url == "memory://" || url == "memory:///" {
            return Ok(Self::Memory);
        }
        file_path(url, "file://").map(Self::Folder)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                write!(f, "file://{}", percent::encode_path(path.as_os_str().as_encoded_bytes()))
            }
            Self::Memory => f.write_str("memory://"),
            Self::Cloud(url) => f.write_str(url),
        }
    }
}

/// Where the index is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum IndexUrl {
    /// `sqlite://`: a local file.
    File(PathBuf),
    /// `memory://`: until the process ends.
    Memory,
    /// `postgres://`: a database that several gateways may share.
    Postgres(String),
}

impl FromStr for IndexUrl {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        if url == "memory://" || url == "memory:///" {
            return Ok(Self::Memory);
        }
        let database = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        if let Some(database) = database {
            return check_database(database).map(|()| Self::Postgres(url.to_owned()));
        }
        file_path(url, "sqlite://").map(Self::File)
    }
}

/// The options that may follow the `?` of a database's URL, each once. A password is refused: `ps` and logs
/// would show it. Another host or user is refused, too: the rest of the URL would be untrue.
const DATABASE_OPTIONS: [&str; 6] = [
    "channel_binding",
    "connect_timeout",
    "load_balance_hosts",
    "options",
    "sslmode",
    "target_session_attrs",
];

fn check_database(url: &str) -> Result<(), &'static str> {
    let (path, options) = url.split_once('?').map_or((url, None), |(path, options)| (path, Some(options)));
    let (user, host) = path.split_once('@').ok_or("no user")?;
    let name = host.split_once('/').map_or("", |(_, name)| name);
    let is_plain = |name: &str| !name.is_empty() && !name.contains(['@', '/', ':', '#']);
    if user.contains(':') {
        Err("a password")
    } else if !is_plain(user) {
        Err("a user with a name that is empty or has one of @ / #")
    } else if !is_plain(name) {
        Err("a database with a name that is empty or has one of @ / : #")
    } else if !options.is_none_or(are_options) {
        Err("an option that is unknown, twice there or not allowed in the URL")
    } else {
        Ok(())
    }
}

/// Whether all of these are allowed options, once they are percent-decoded.
fn are_options(options: &str) -> bool {
    let mut left = DATABASE_OPTIONS.to_vec();
    options.split('&').all(|option| {
        let name = option.split_once('=').and_then(|(name, _)| percent::decode_utf8(name));
        let known = name.and_then(|name| left.iter().position(|known| *known == name));
        known.map(|at| left.swap_remove(at)).is_some()
    })
}

/// The path of a URL without a host. A relative path (`file://blobs`) stays relative.
fn file_path(url: &str, scheme: &str) -> Result<PathBuf, &'static str> {
    let path = url.strip_prefix(scheme).ok_or("another scheme")?;
    if path.is_empty() {
        return Err("no path");
    }
    if path.contains(['?', '#']) {
        return Err("a ? or #, which a path must have percent-encoded");
    }
    let path = percent::decode_utf8(path).ok_or("percent-encoding of bytes that are not UTF-8")?;
    if path.contains('\0') { Err("a NUL") } else { Ok(path.into()) }
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
        assert_eq!(StoreUrl::Folder("/a b%/ü".into()).to_string(), "file:///a%20b%25/%C3%BC");
        assert!(StoreUrl::Folder("blobs".into()).to_string().ends_with("/blobs"));
        for cloud in ["s3://bucket", "az://c/prefix", "gs://bucket/a/b/"] {
            assert_eq!(cloud.parse(), Ok(StoreUrl::Cloud(cloud.into())));
        }
        for bad in [
            "",
            "file://",
            "/var/lib",
            "memory",
            "file:///a?b",
            "file:///%ff",
            "s3://",
            "s3:///prefix",
            "s3://key:secret@bucket",
            "s3://bucket/../x",
            "az://container?sig=secret",
        ] {
            assert!(bad.parse::<StoreUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn indexes() {
        assert_eq!("sqlite:///x/index.db".parse(), Ok(IndexUrl::File("/x/index.db".into())));
        assert_eq!("memory://".parse(), Ok(IndexUrl::Memory));
        for url in [
            "postgres://cardea@db.example.com:5432/cardea?sslmode=require",
            "postgresql://cardea@a,b/cardea",
            "postgres://cardea@%2Frun%2Fpostgresql/cardea",
            "postgres://cardea@h/cardea?sslmode=require&options=-c%20search_path%3Dcardea&channel_binding=require",
            "postgres://cardea@h/cardea?ssl%6Dode=require&target_session_attrs=read-write",
        ] {
            assert_eq!(url.parse(), Ok(IndexUrl::Postgres(url.into())));
        }
        for bad in [
            "postgres://",
            "postgres://h/db",
            "postgres://user@h",
            "postgres://user@h/",
            "postgres://user:secret@h/db",
            "postgres://user@h/db?password=secret",
            "postgres://user@h/db?sslmode=require&Password=secret",
            "postgres://user@h/db?sslmode=require&%70assword=secret",
            "postgres://user@h/db?sslmode=require&sslmode=disable",
            "postgres://user@h/db?sslmode=require&ssl%6dode=disable",
            "postgres://user@h/db?sslmode=require&host=other",
            "postgres://user@h/db?hostaddr=127.0.0.1",
            "postgres://user@h/db?user=postgres",
            "postgres://user@h/db?sslmode",
            "postgres://user@h/db?%ff=x",
            "postgres://user@h/db?",
        ] {
            assert!(bad.parse::<IndexUrl>().is_err(), "{bad}");
        }
    }
}
