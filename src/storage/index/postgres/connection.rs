//! Opening connections: the address of the database, the trust in it, and the settings of each session.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::storage::Error;
use crate::storage::index::Result;

/// The way to a database.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user@host:port/database?sslmode=require`, without a password.
    pub url: String,
    /// The user's password, if the server asks for one.
    pub password: Option<String>,
    /// Certificate authorities (PEM) that the server is trusted by, besides those of the system.
    pub ca: Option<Vec<u8>>,
    /// The most connections.
    pub connections: usize,
    /// The longest time of a command, its wait for a connection and all of its tries included.
    pub timeout: Duration,
}

/// Never the password.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("url", &self.url)
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The settings of every session. All statements find their rows by an index, and the plan depends on the
/// statement alone: a new plan for each set of values, by statistics that may not exist yet, would cost more
/// than it could gain. No join reads a table from end to end: after a few objects of many parts, the
/// statistics suggest that all objects are so.
const SESSION: &str = "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed \
                       -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off \
                       -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off \
                       -c idle_in_transaction_session_timeout=10s";

/// The longest wait of a statement for a lock with its connection. After that the command returns the
/// connection, and tries again. It is long compared with the time of a command, so that many commands on one
/// key each get their turn.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// A pool of connections. None is opened before it is needed.
pub(super) fn pool(options: &PostgresOptions) -> Result<Pool> {
    let manager = Manager::from_config(
        config(options)?,
        MakeRustlsConnect::new(tls(options.ca.as_deref())?),
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let timeout = Some(options.timeout);
    Pool::builder(manager)
        .max_size(options.connections)
        .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::Internal(Box::new(error)))
}

/// The address of a database, by which a password is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whereabouts {
    /// The first server's name, or the folder of its socket.
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
}

impl Whereabouts {
    /// Reads a URL.
    pub fn of(url: &str) -> Result<Self> {
        let config = parse(url)?;
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => return Err(Error::Internal("no host".into())),
        };
        let user = config.get_user().unwrap_or_default().to_owned();
        Ok(Self {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            database: config.get_dbname().unwrap_or(&user).to_owned(),
            user,
        })
    }
}

/// Reads a URL. If it does not name a mode of TLS, there is TLS on everything but a socket. There is no
/// fallback without TLS.
fn parse(url: &str) -> Result<Config> {
    // A certificate is verified, its name included, whenever there is TLS: here `require` is what the
    // stricter modes are elsewhere.
    let url = ["sslmode=verify-full", "sslmode=verify-ca", "sslmode=prefer"]
        .iter()
        .fold(url.to_owned(), |url, mode| url.replace(mode, "sslmode=require"));
    let mut config: Config = url.parse()?;
    if config.get_ssl_mode() == SslMode::Prefer {
        let is_socket = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config.ssl_mode(if is_socket { SslMode::Disable } else { SslMode::Require });
    }
    Ok(config)
}

fn config(options: &PostgresOptions) -> Result<Config> {
    let mut config = parse(&options.url)?;
    if let Some(password) = &options.password {
        config.password(password);
    }
    let (timeout, lock_wait) = (options.timeout.as_millis(), options.timeout.min(LOCK_WAIT).as_millis());
    let timeouts = format!("-c statement_timeout={timeout} -c lock_timeout={lock_wait}");
    let given = config.get_options().unwrap_or_default().to_owned();
    config
        .options(format!("{SESSION} {timeouts} {given}"))
        .application_name("cardea")
        .connect_timeout(options.timeout)
        .tcp_user_timeout(options.timeout)
        .keepalives_idle(Duration::from_secs(30))
        // Of several servers, use the one that accepts writes; a standby alone is not enough.
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

fn tls(ca: Option<&[u8]>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in ca.into_iter().flat_map(CertificateDer::pem_slice_iter) {
        let certificate = certificate.map_err(|error| Error::Internal(Box::new(error)))?;
        roots.add(certificate).map_err(|error| Error::Internal(Box::new(error)))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
