//! Where the client reached us: the beginning of every URL we hand out.

use super::KeystoneConfig;
use super::fault::Fault;
use crate::http::RequestContext;
use crate::identity::storage_path;
use crate::model::AccountId;

/// The longest `Host` that is believed: a name of 253 bytes and a port.
const MAX_HOST: usize = 260;

/// Where the client reached us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    base: String,
    /// The region that the catalog names.
    pub(super) region: String,
}

impl Place {
    /// The configured place, or else the one that the request went to.
    pub(super) fn of(context: &RequestContext, config: &KeystoneConfig) -> Result<Self, Fault> {
        let region = config.region.clone();
        if let Some(url) = &config.public_url {
            return Ok(Self { base: url.trim_end_matches('/').to_owned(), region });
        }
        // It becomes part of URLs and headers: only what a host may consist of.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let host = &context.host;
        if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(plain) {
            return Err(Fault::BadRequest("The Host header names no host.".to_owned()));
        }
        let scheme = if context.scheme_https { "https" } else { "http" };
        Ok(Self { base: format!("{scheme}://{host}"), region })
    }

    /// A URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// An account's storage URL.
    pub(super) fn storage_url(&self, account: &AccountId) -> String {
        self.url(&storage_path(account))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::context;
    use super::*;

    fn base(host: &str, https: bool, public_url: Option<&str>) -> Option<String> {
        let context = RequestContext { host: host.into(), scheme_https: https, ..context() };
        let config =
            KeystoneConfig { public_url: public_url.map(str::to_owned), ..KeystoneConfig::default() };
        Place::of(&context, &config).ok().map(|place| place.url("/v3"))
    }

    #[test]
    fn from_the_request_or_the_configuration() {
        assert_eq!(base("127.0.0.1:8443", true, None).unwrap(), "https://127.0.0.1:8443/v3");
        assert_eq!(base("[::1]:8080", false, None).unwrap(), "http://[::1]:8080/v3");
        assert_eq!(base("a", false, Some("https://store.example/")).unwrap(), "https://store.example/v3");
    }

    #[test]
    fn a_host_is_nothing_but_a_host() {
        for host in ["", "a b", "a\"b", "a/b", "a?b", "u@h", "a\\b", "é", &"a".repeat(300)] {
            assert_eq!(base(host, true, None), None, "{host}");
        }
    }
}
