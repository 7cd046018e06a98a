//! The configuration. Flags win over the environment, that over the file, and that over the defaults.
//!
//! One table, [`SETTINGS`], feeds all four. A mistake ends the process with code 2 and one line, a
//! [`ConfigError`]: the setting, the value that was found, the values that are allowed.

mod accounts;
mod cidr;
mod docs;
mod error;
mod hint;
mod location;
mod sources;
mod table;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use accounts::{DeclaredAccessKey, DeclaredAccount, DeclaredUser};
pub(crate) use cidr::Cidr;
pub(crate) use docs::markdown;
pub(crate) use error::{ConfigError, one_line};
pub(crate) use location::{IndexUrl, StoreUrl};
pub(crate) use sources::{Flags, Sources};
pub(crate) use table::{SETTINGS, Setting};

use crate::telemetry::LogFormat;
use value::Raw;
pub(crate) use value::shown;

/// The names of files in the data folder, all in one place.
mod paths {
    pub(super) const BLOBS: &str = "blobs";
    pub(super) const INDEX: &str = "index.db";
    pub(super) const KEYRING: &str = "keyring.toml";
    pub(super) const CREDENTIALS: &str = "credentials.env";
    pub(super) const COMING_CREDENTIALS: &str = "credentials.env.new";
    pub(super) const CREDENTIALS_LOCK: &str = "credentials.lock";
    pub(super) const TLS: &str = "tls";
    pub(super) const LOCK: &str = "lock";
    pub(super) const CLAIM: &str = "install.claim";
}

/// The configuration. [`SETTINGS`] says what each field is.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub data: PathBuf,
    pub listen: Option<SocketAddr>,
    pub plain_listen: Option<SocketAddr>,
    pub management_listen: Option<SocketAddr>,
    pub endpoint: Option<String>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub tls_names: Vec<String>,
    pub store: Option<StoreUrl>,
    pub store_endpoint: Option<String>,
    pub store_region: Option<String>,
    pub store_path_style: bool,
    pub store_ca: Option<PathBuf>,
    pub store_read_timeout: Duration,
    pub store_retry_timeout: Duration,
    pub index: Option<IndexUrl>,
    pub index_ca: Option<PathBuf>,
    pub index_connections: u32,
    pub index_timeout: Duration,
    pub keyring: Option<PathBuf>,
    pub region: String,
    pub virtual_hosts: Vec<String>,
    pub swift_region: String,
    pub token_lifetime: Duration,
    pub require_tls_for_customer_keys: bool,
    pub trusted_proxies: Vec<Cidr>,
    pub inline_bytes: u64,
    pub upload_buffer_bytes: u64,
    pub read_ahead_bytes: u64,
    pub disk_reserve: u64,
    pub max_put_bytes: u64,
    pub scrub_rate: u64,
    pub max_connections: u32,
    pub handshake_timeout: Duration,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
    pub body_timeout: Duration,
    pub request_timeout: Duration,
    pub drain_timeout: Duration,
    pub log_level: String,
    pub log_format: LogFormat,
    /// The accounts that the file declares.
    pub accounts: Vec<DeclaredAccount>,
}

impl Config {
    /// Reads the configuration from its sources.
    pub(crate) fn load(sources: &Sources<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::defaults();
        sources.apply(&mut config)?;
        config.check()?;
        Ok(config)
    }

    /// Where blobs are kept.
    pub(crate) fn store(&self) -> StoreUrl {
        self.store.clone().unwrap_or_else(|| StoreUrl::Folder(self.data.join(paths::BLOBS)))
    }

    /// Where the index is kept. Beside a store in memory it is in memory, too.
    pub(crate) fn index(&self) -> IndexUrl {
        match (&self.index, self.store()) {
            (Some(index), _) => index.clone(),
            (None, StoreUrl::Folder(_) | StoreUrl::Cloud(_)) => IndexUrl::File(self.data.join(paths::INDEX)),
            (None, StoreUrl::Memory) => IndexUrl::Memory,
        }
    }

    /// Whether other gateways may use the same index. The data folder is then only scratch space of this
    /// gateway.
    pub(crate) fn shares_index(&self) -> bool {
        matches!(self.index(), IndexUrl::Postgres(_))
    }

    /// Where the key ring is kept.
    pub(crate) fn keyring(&self) -> PathBuf {
        self.keyring.clone().unwrap_or_else(|| self.data.join(paths::KEYRING))
    }

    /// Where the root credentials are written.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.data.join(paths::CREDENTIALS)
    }

    /// Where new root credentials are written before the index has them.
    pub(crate) fn coming_credentials(&self) -> PathBuf {
        self.data.join(paths::COMING_CREDENTIALS)
    }

    /// The file whose lock a process holds while it sets or writes the root credentials.
    pub(crate) fn credentials_lock(&self) -> PathBuf {
        self.data.join(paths::CREDENTIALS_LOCK)
    }

    /// Where the generated CA is kept.
    pub(crate) fn tls_folder(&self) -> PathBuf {
        self.data.join(paths::TLS)
    }

    /// The file whose lock a gateway holds as long as it runs on the data folder.
    pub(crate) fn lock(&self) -> PathBuf {
        self.data.join(paths::LOCK)
    }

    /// The URL that was set, or otherwise the URL for clients on this machine.
    pub(crate) fn endpoint(&self) -> String {
        if let Some(endpoint) = &self.endpoint {
            return endpoint.clone();
        }
        let (scheme, address) = match (self.listen, self.plain_listen) {
            (Some(address), _) => ("https", address),
            (None, Some(address)) => ("http", address),
            (None, None) => return String::new(),
        };
        if address.ip().is_unspecified() {
            format!("{scheme}://localhost:{}", address.port())
        } else {
            format!("{scheme}://{address}")
        }
    }

    /// The file with the id of an installation while the installation is being made.
    pub(crate) fn claim(&self) -> PathBuf {
        self.data.join(paths::CLAIM)
    }

    /// The defaults of the table; settings without a default are blank.
    fn defaults() -> Self {
        let mut config = Self {
            data: PathBuf::new(),
            listen: None,
            plain_listen: None,
            management_listen: None,
            endpoint: None,
            tls_certificate: None,
            tls_key: None,
            tls_names: Vec::new(),
            store: None,
            store_endpoint: None,
            store_region: None,
            store_path_style: true,
            store_ca: None,
            store_read_timeout: Duration::ZERO,
            store_retry_timeout: Duration::ZERO,
            index: None,
            index_ca: None,
            index_connections: 0,
            index_timeout: Duration::ZERO,
            keyring: None,
            region: String::new(),
            virtual_hosts: Vec::new(),
            swift_region: String::new(),
            token_lifetime: Duration::ZERO,
            require_tls_for_customer_keys: true,
            trusted_proxies: Vec::new(),
            inline_bytes: 0,
            upload_buffer_bytes: 0,
            read_ahead_bytes: 0,
            disk_reserve: 0,
            max_put_bytes: 0,
            scrub_rate: 0,
            max_connections: 0,
            handshake_timeout: Duration::ZERO,
            header_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            body_timeout: Duration::ZERO,
            request_timeout: Duration::ZERO,
            drain_timeout: Duration::ZERO,
            log_level: String::new(),
            log_format: LogFormat::Text,
            accounts: Vec::new(),
        };
        for setting in SETTINGS {
            // Defaults with `<data>` in them follow from the data folder, once it is known.
            if !setting.default.is_empty() && !setting.default.contains('<') {
                let applied = (setting.set)(&mut config, &Raw::One(setting.default.to_owned()));
                debug_assert!(applied.is_ok(), "the default of {}: {applied:?}", setting.name);
            }
        }
        config
    }

    /// Checks the rules between settings.
    fn check(&self) -> Result<(), ConfigError> {
        if self.listen.is_none() && self.plain_listen.is_none() {
            return Err(ConfigError::new("listen", "off", "an address, as plain_listen is off too"));
        }
        if self.shares_index() && self.store() == StoreUrl::Memory {
            let expected = "a store that outlives the process, as the index in PostgreSQL does";
            return Err(ConfigError::new("store", "memory://", expected));
        }
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => {
                Err(ConfigError::new("tls_key", "nothing", "a file, as tls_certificate is set"))
            }
            (None, Some(_)) => {
                Err(ConfigError::new("tls_certificate", "nothing", "a file, as tls_key is set"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
