//! The certificate is what its files are: read again when they change, and at once on SIGHUP.
//!
//! Who renews it writes two files, or swaps a link (as the kubelet does), and tells nobody. So the files are
//! read every few seconds. A pair that is not whole, or whose key is another certificate's, changes nothing:
//! it may be half written.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::listener::Certificate;
use super::tls;
use crate::config::{Config, ConfigError};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(3);
/// After how many looks in a row a pair that does not serve is no longer one that is being written.
const TOLD_AFTER: u32 = 2;

/// Keeps a certificate fresh, until the process ends.
pub struct Renewal {
    wanted: Arc<Notify>,
}

impl Renewal {
    /// Begins. A certificate that the gateway makes itself has no files to look at: it is made anew when that
    /// is wanted.
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
        // Beside the requests, as the files may be on a share that has gone.
        let read = tokio::task::spawn_blocking(move || {
            tls::key_pair(&settings).and_then(|pair| current.replace(pair))
        });
        let Ok(result) = read.await else { return };
        watch.tell(result, asked);
    }
}

/// What has been said of the files so far.
#[derive(Default)]
struct Watch {
    /// Looks in a row that found no pair that serves.
    failures: u32,
}

impl Watch {
    /// Says how a look went, where it is worth a line: a bad pair is told once.
    fn tell(&mut self, result: Result<bool, ConfigError>, asked: bool) {
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
                } else if self.failures == TOLD_AFTER {
                    tracing::warn!(%error, "the certificate stays as it was, as its files make no pair");
                }
            }
        }
    }
}
