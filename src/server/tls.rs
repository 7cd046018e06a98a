//! The certificate that the configuration asks for, and the settings for clients.

use std::path::{Path, PathBuf};

use super::files::credentials::ClientSettings;
use super::files::tls;
use super::listener::ServerKeyPair;
use crate::config::{Config, ConfigError};

/// Names that a generated certificate always has.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Reads the configured certificate, or makes one under the CA in the data folder.
pub fn key_pair(config: &Config) -> Result<ServerKeyPair, ConfigError> {
    match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => ServerKeyPair::read(certificate, key),
        _ => tls::issue(&config.tls_folder(), &names(config)),
    }
}

fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = LOCAL_NAMES.map(str::to_owned).into();
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    // Some hosts have names that a certificate cannot hold.
    if !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) {
        names.push(host);
    }
    if let Some(address) = config.listen.filter(|address| !address.ip().is_unspecified()) {
        names.push(address.ip().to_string());
    }
    names.extend(config.endpoint.as_deref().and_then(endpoint_host).map(str::to_owned));
    for host in &config.virtual_hosts {
        names.push(host.clone());
        names.push(format!("*.{host}"));
    }
    names.extend(config.tls_names.iter().cloned());
    let mut unique = Vec::with_capacity(names.len());
    names.retain(|name| {
        let is_new = !unique.contains(name);
        unique.push(name.clone());
        is_new
    });
    names
}

/// The host of `https://host:port`.
fn endpoint_host(endpoint: &str) -> Option<&str> {
    let authority = endpoint.split_once("://")?.1;
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split_once(']').map(|(host, _)| host);
    }
    Some(authority.split_once(':').map_or(authority, |(host, _)| host))
}

/// The settings for clients. Paths are absolute, so that they hold wherever the clients run.
pub struct Site {
    endpoint: String,
    region: String,
    ca: Option<PathBuf>,
    aws_config: PathBuf,
    pub credentials: PathBuf,
}

impl Site {
    /// The site of a configuration.
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| {
                ConfigError::new("data", path.display().to_string(), "a folder's path").because(error)
            })
        };
        let ours = config.listen.is_some() && config.tls_certificate.is_none();
        let ca = ours.then(|| absolute(&tls::ca_certificate(&config.tls_folder()))).transpose()?;
        let (endpoint, region) = (config.endpoint(), config.region.clone());
        let credentials = absolute(&config.credentials())?;
        Ok(Self { endpoint, region, ca, aws_config: credentials.with_file_name("aws.config"), credentials })
    }

    pub fn client_settings(&self) -> ClientSettings<'_> {
        ClientSettings {
            endpoint: &self.endpoint,
            region: &self.region,
            ca: self.ca.as_deref(),
            aws_config: &self.aws_config,
        }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_endpoints() {
        for (endpoint, host) in [
            ("https://a.example", "a.example"),
            ("https://a.example:8443", "a.example"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("https://[::1]:8443", "::1"),
        ] {
            assert_eq!(endpoint_host(endpoint), Some(host));
        }
    }
}
