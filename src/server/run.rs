//! The life of the gateway: building, serving, draining.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::database::DatabaseMetrics;
use super::disk::DiskMetrics;
use super::door::{Door, Fronts, HttpMetrics, Trust};
use super::listener::{Certificate, Crowded, Handler, Limits, Listener, Patience};
use super::management::Management;
use super::renewal::Renewal;
use super::signals::{Signals, Wish};
use super::start::{self, Installation, Root};
use super::tls::{self, Site};
use crate::care::holds::may_delete;
use crate::care::metrics::CareMetrics;
use crate::care::scrub::ScrubMetrics;
use crate::care::workers::{WorkerSetup, Workers};
use crate::config::{Config, ConfigError};
use crate::failure::Failure;
use crate::http::body::is_room_waited_for;
use crate::identity::{AuthConfig, Authenticator};
use crate::model::WriterId;
use crate::ops::{self, Gateway, IndexDirectory, Metrics};
use crate::storage;

use crate::output::print;
use crate::storage::blobs::BlobStore;
use crate::storage::index::Index;
use crate::storage::pins::Pins;
use crate::{keystone, s3, swift};

/// The most connections of the management listener. Only a few scrapers need them.
const MANAGEMENT_CONNECTIONS: usize = 64;

/// Runs the gateway until a signal ends it.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    warn(&config)?;
    let installation = tokio::select! {
        opened = start::open(&config) => opened?,
        // Opening may wait for a database.
        () = signals.end() => return Ok(()),
    };
    if !may_delete(&*installation.index).await.map_err(|error| Failure::run("index", error))? {
        tracing::warn!(
            "the index was restored or set back: nothing is deleted from the store until cardea fsck --accept"
        );
    }
    let site = Site::of(&config)?;
    let certificate = match config.listen {
        Some(_) => Some(Certificate::new(tls::key_pair(&config)?)?),
        None => None,
    };
    let sockets = Sockets::bind(&config, certificate.as_ref()).await?;
    let renewal = certificate.map(|certificate| Renewal::start(&config, &certificate));
    let accounts = async {
        let root = start::ensure(&config, &installation, site.client_settings()).await?;
        start::declare(&installation, &config.accounts).await.map(|()| root)
    };
    let root = tokio::select! {
        root = accounts => root?,
        () = signals.end() => return Ok(()),
    };

    let writer = WriterId::random();
    let (stop, stopped) = watch::channel(false);
    let built = build(&config, &installation, writer, stopped.clone())?;
    let setup = worker_setup(&config, &installation, writer, &built);
    setup.register().await.map_err(index_failure)?;
    start::stays(&*installation.index).await?;
    let mut workers = setup.start().await.map_err(index_failure)?;
    tokio::spawn(installation.blobs.disk().clone().watch());
    // Printed before the first answer, so that a client that finds the gateway ready finds these lines, too.
    // Faster clients wait: the sockets are bound.
    print(&start::started(site.endpoint(), config.management_listen))?;
    if root == Root::Made {
        print(&start::first_start(&site.credentials))?;
    }
    tracing::info!(installation = %installation.id, %writer, "serving");
    let serving = sockets.serve(&config, &built, &stopped);

    let result = loop {
        tokio::select! {
            wish = signals.end_or_reload() => match wish {
                Wish::End => break Ok(()),
                Wish::Reload => renewal.iter().for_each(Renewal::now),
            },
            reason = stopped_by_another(&mut workers, &*installation.index) => break Err(reason),
        }
    };
    stop.send_replace(true);
    workers.end().await;
    let drained = tokio::select! {
        drained = serving.drain(config.drain_timeout) => drained,
        () = signals.end() => Err(Failure::Stopped("ended at once, with requests running".into())),
    };
    result.and(drained)
}

fn index_failure(error: storage::Error) -> Failure {
    Failure::run("index", error)
}

/// The reason why this process must stop: another one has declared it dead, or has copied the index into
/// another.
async fn stopped_by_another(workers: &mut Workers, index: &dyn Index) -> Failure {
    workers.stopped().await;
    match start::stays(index).await {
        Err(moved @ Failure::Config(_)) => moved,
        _ => Failure::Stopped("another process has declared this one dead: its blobs may be gone".into()),
    }
}

/// Warns the operator of dangerous settings.
fn warn(config: &Config) -> Result<(), ConfigError> {
    if !config.require_tls_for_customer_keys {
        tracing::warn!(
            "require_tls_for_customer_keys is off: customers' keys may cross the network in the clear; for tests only"
        );
    }
    if cfg!(feature = "unsealed-benches") {
        let addresses = [config.listen, config.plain_listen];
        if let Some(open) = addresses.into_iter().flatten().find(|address| !address.ip().is_loopback()) {
            let expected = "a loopback address, as this build does not encrypt";
            return Err(ConfigError::new("listen", open.to_string(), expected));
        }
        tracing::warn!("this build does not encrypt: it is for benches only");
    }
    Ok(())
}

/// The parts that serve requests.
struct Built {
    door: Arc<Door>,
    management: Arc<Management>,
    pins: Pins,
    gateway: Gateway,
    care: CareMetrics,
    scrub: ScrubMetrics,
}

fn build(
    config: &Config,
    installation: &Installation,
    writer: WriterId,
    stopping: watch::Receiver<bool>,
) -> Result<Built, Failure> {
    let Installation { index, blobs, ring, .. } = installation;
    let pins = Pins::default();
    let metrics = Arc::new(Metrics::default());
    let limits = ops::Limits {
        inline_bytes: size(config.inline_bytes),
        max_put: config.max_put_bytes,
        read_ahead_bytes: size(config.read_ahead_bytes),
        ..ops::Limits::default()
    };
    let gateway = Gateway::new(
        index.clone(),
        blobs.clone(),
        ring.clone(),
        pins.clone(),
        writer,
        limits,
        metrics.clone(),
    );
    let directory = Arc::new(IndexDirectory::new(index.clone(), ring.clone()));
    let auth = AuthConfig { token_lifetime: config.token_lifetime, ..AuthConfig::default() };
    let authenticator =
        Authenticator::new(directory, auth).map_err(|error| Failure::run("identity", error))?;

    let s3_config =
        s3::S3Config { region: config.region.clone(), virtual_hosts: config.virtual_hosts.clone() };
    let swift_config = swift::SwiftConfig { max_file_size: config.max_put_bytes };
    let identity_config =
        keystone::KeystoneConfig { region: config.swift_region.clone(), public_url: config.endpoint.clone() };
    let (mut http, mut care, mut scrub) = (None, CareMetrics::default(), ScrubMetrics::default());
    metrics.register(|registry| {
        http = Some(Arc::new(HttpMetrics::new(registry)));
        care = CareMetrics::new(registry);
        scrub = ScrubMetrics::new(registry);
        registry.register_collector(Box::new(DiskMetrics(blobs.disk().clone())));
        if let Some(database) = &installation.database {
            registry.register_collector(Box::new(DatabaseMetrics(database.clone())));
        }
    });
    blobs.observe(metrics.clone());
    let Some(http) = http else { return Err(Failure::run("metrics", "nothing was registered")) };
    let door = Door {
        fronts: Fronts {
            s3: s3::Front::new(gateway.clone(), authenticator.clone(), s3_config),
            swift: swift::Front::new(gateway.clone(), authenticator.clone(), swift_config),
            identity: keystone::Front::new(authenticator, identity_config),
        },
        virtual_hosts: config.virtual_hosts.clone(),
        trust: Trust {
            proxies: config.trusted_proxies.clone(),
            require_tls: config.require_tls_for_customer_keys,
        },
        metrics: http,
        body_timeout: config.body_timeout,
        request_timeout: config.request_timeout,
        crowded: crowded(blobs),
    };
    let management = Management { index: index.clone(), blobs: blobs.clone(), metrics, stopping };
    Ok(Built { door: Arc::new(door), management: Arc::new(management), pins, gateway, care, scrub })
}

fn crowded(blobs: &BlobStore) -> Crowded {
    let blobs = blobs.clone();
    Crowded::new(move || blobs.has_uploads_waiting() || is_room_waited_for())
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The background work of this process.
fn worker_setup(
    config: &Config,
    installation: &Installation,
    writer: WriterId,
    built: &Built,
) -> WorkerSetup {
    WorkerSetup {
        index: installation.index.clone(),
        blobs: installation.blobs.clone(),
        pins: built.pins.clone(),
        writer,
        gateway: built.gateway.clone(),
        longest_request: config.request_timeout,
        scrub_rate: config.scrub_rate,
        metrics: built.care.clone(),
        scrub_metrics: built.scrub.clone(),
    }
}

/// The bound sockets, before anything answers on them. So a port that is taken is found before anything is
/// written.
struct Sockets {
    tls: Option<Listener>,
    plain: Option<Listener>,
    management: Option<Listener>,
}

impl Sockets {
    async fn bind(config: &Config, certificate: Option<&Certificate>) -> Result<Self, Failure> {
        let mut tls = bind("listen", config.listen).await?;
        if let (Some(listener), Some(certificate)) = (tls.take(), certificate) {
            let config = certificate.server_config().map_err(|error| Failure::run("TLS", error))?;
            tls = Some(listener.with_tls(config));
        }
        Ok(Self {
            tls,
            plain: bind("plain_listen", config.plain_listen).await?,
            management: bind("management_listen", config.management_listen).await?,
        })
    }

    fn serve(self, config: &Config, built: &Built, stopped: &watch::Receiver<bool>) -> Serving {
        let patience = Patience {
            handshake: config.handshake_timeout,
            header: config.header_timeout,
            idle: config.idle_timeout,
            body: config.body_timeout,
            request: config.request_timeout,
        };
        let connections = config.max_connections;
        let clients = Limits { patience, connections: Arc::new(Semaphore::new(connections as usize)) };
        let scrapers = Limits { patience, connections: Arc::new(Semaphore::new(MANAGEMENT_CONNECTIONS)) };
        // The management listener runs to the end of the process: it reports that requests are being drained.
        let (goes_on, never) = watch::channel(false);
        start_listener(self.management, &built.management, scrapers, &never);
        start_listener(self.tls, &built.door, clients.clone(), stopped);
        start_listener(self.plain, &built.door, clients.clone(), stopped);
        Serving { limits: clients, connections, _management: goes_on }
    }
}

async fn bind(setting: &str, address: Option<SocketAddr>) -> Result<Option<Listener>, ConfigError> {
    let Some(address) = address else { return Ok(None) };
    let bound = Listener::bind(address).await;
    bound.map(Some).map_err(|error| {
        ConfigError::new(setting, address.to_string(), "an address that this process can listen on")
            .because(error)
    })
}

fn start_listener<H: Handler>(
    listener: Option<Listener>,
    handler: &Arc<H>,
    limits: Limits,
    stopped: &watch::Receiver<bool>,
) {
    if let Some(listener) = listener {
        tokio::spawn(listener.serve(handler.clone(), limits, stopped.clone()));
    }
}

/// The running listeners.
struct Serving {
    limits: Limits,
    connections: u32,
    _management: watch::Sender<bool>,
}

impl Serving {
    /// Waits until every connection has ended and given its permit back, at most for `patience`.
    async fn drain(&self, patience: Duration) -> Result<(), Failure> {
        let all = self.limits.connections.acquire_many(self.connections);
        match tokio::time::timeout(patience, all).await {
            Ok(_) => tracing::info!("drained"),
            Err(_) => {
                tracing::warn!(seconds = patience.as_secs(), "requests that have not ended are broken off");
            }
        }
        Ok(())
    }
}
