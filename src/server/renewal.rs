//! Reads the certificate's files again when they change, and at once on SIGHUP.
//!
//! Tools that renew a certificate write two files, or swap a link (as the kubelet does), and notify nobody.
//! So the files are read every few seconds. If the pair is not whole, or the key belongs to another
//! certificate, nothing changes: the files may be half written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::listener::Certificate;
use super::tls;
use crate::config::{Config, ConfigError};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(3);
/// After how many failed reads in a row a pair counts as broken, and not as half written.
const REPORTED_AFTER: u32 = 2;

/// Keeps a certificate fresh, until the process ends.
pub struct Renewal {
    wanted: Arc<Notify>,
}

impl Renewal {
    /// Starts. A certificate that the gateway makes itself has no files to look at: it is made anew on
    /// demand.
    pub fn start(config: &Config, certificate: &Certificate) -> Self {
        let wanted = Arc::new(Notify::new());
        tokio::spawn(keep(Arc::new(config.clone()), certificate.clone(), wanted.clone()));
        Self { wanted }
    }

    /// Reads the certificate without delay.
    pub fn now(&self) {
        self.wanted.notify_one();
    }
}

async fn keep(config: Arc<Config>, certificate: Certificate, wanted: Arc<Notify>) {
    let mut watch = Watch::default();
    loop {
        let asked = tokio::select! {
            () = wanted.notified() => true,
            () = tokio::time::sleep(EVERY), if config.tls_certificate.is_some() => false,
        };
        let (settings, current) = (config.clone(), certificate.clone());
        // On a blocking thread, as the files may be on a network share that is gone.
        let read = tokio::task::spawn_blocking(move || {
            tls::key_pair(&settings).and_then(|pair| current.replace(pair))
        });
        let Ok(result) = read.await else { return };
        watch.report(result, asked);
    }
}

/// The state of the reports about the files.
#[derive(Default)]
struct Watch {
    /// The number of failed reads in a row.
    failures: u32,
}

impl Watch {
    /// Logs the result of a read, if it is news: a broken pair is logged once.
    fn report(&mut self, result: Result<bool, ConfigError>, asked: bool) {
        match result {
            Ok(is_new) => {
                self.failures = 0;
                match (asked, is_new) {
                    (true, _) => tracing::info!("the certificate was read again"),
                    (false, true) => tracing::info!("the certificate has changed and was replaced"),
                    (false, false) => {}
                }
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                if asked {
                    tracing::error!(%error, "the certificate stays as it was");
                } else if self.failures == REPORTED_AFTER {
                    tracing::warn!(%error, "the certificate stays as it was: its files are no pair of certificate and key");
                }
            }
        }
    }
}
