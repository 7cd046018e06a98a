//! TLS: the server's certificate, which can be replaced while the gateway runs.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use crate::config::ConfigError;
use crate::failure::Cause;

/// The only protocol that is offered. HTTP/2 costs a third of the throughput, and its buffers cannot be
/// wiped.
const ALPN: &[u8] = b"http/1.1";

/// A server certificate with its key, which can be replaced.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// A certificate chain and its private key.
pub(crate) struct ServerKeyPair {
    /// The chain, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl ServerKeyPair {
    /// Reads PEM files.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Self, ConfigError> {
        let expected = "a PEM file with a certificate chain";
        let bad = |why: Cause| {
            ConfigError::new("tls_certificate", certificate.display().to_string(), expected).because(why)
        };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| bad(error.into()))?;
        if chain.is_empty() {
            return Err(bad("no certificate".into()));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
            ConfigError::new("tls_key", key.display().to_string(), "a PEM file with a private key")
                .because(error)
        })?;
        Ok(Self { chain, key })
    }
}

impl Certificate {
    /// Takes the certificate to begin with.
    pub(crate) fn new(pair: ServerKeyPair) -> Result<Self, ConfigError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = Arc::new(Current(RwLock::new(certified(pair, &provider)?)));
        Ok(Self { provider, current })
    }

    /// Replaces the certificate, and returns whether it differs. Open connections keep the old one.
    pub(crate) fn replace(&self, pair: ServerKeyPair) -> Result<bool, ConfigError> {
        let key = certified(pair, &self.provider)?;
        let mut current = self.current.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.cert != key.cert;
        if is_new {
            *current = key;
        }
        Ok(is_new)
    }

    /// The TLS configuration of a listener with this certificate.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        Ok(Arc::new(config))
    }
}

fn certified(pair: ServerKeyPair, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, ConfigError> {
    CertifiedKey::from_der(pair.chain, pair.key, provider).map(Arc::new).map_err(|error| {
        ConfigError::new("tls_key", "a key that does not serve", "the key of tls_certificate").because(error)
    })
}
