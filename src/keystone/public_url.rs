//! Where clients reach the gateway: the beginning of every URL that identity hands out.

use super::KeystoneConfig;
use crate::http::RequestContext;
use crate::identity::storage_path;
use crate::model::AccountId;

/// The longest `Host` that is believed: a name of 253 bytes and a port.
const MAX_HOST: usize = 260;

/// The URL under which a client reaches the gateway, and the region that the catalog names for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PublicUrl {
    base: String,
    pub(super) region: String,
}

impl PublicUrl {
    /// The configured URL. Without one, the URL that the request went to; `None` if its `Host` names no host.
    pub(super) fn of(context: &RequestContext, config: &KeystoneConfig) -> Option<Self> {
        let region = config.region.clone();
        if let Some(url) = &config.public_url {
            return Some(Self { base: url.trim_end_matches('/').to_owned(), region });
        }
        // It becomes part of URLs and headers: only characters that a host may consist of.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let host = &context.host;
        if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(plain) {
            return None;
        }
        let scheme = if context.scheme_https { "https" } else { "http" };
        Some(Self { base: format!("{scheme}://{host}"), region })
    }

    /// The URL of a path.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The URL of an account's storage.
    pub(super) fn storage_url(&self, account: &AccountId) -> String {
        self.join(&storage_path(account))
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
        PublicUrl::of(&context, &config).map(|url| url.join("/v3"))
    }

    #[test]
    fn the_url_is_configured_or_from_the_request() {
        assert_eq!(base("127.0.0.1:8443", true, None).unwrap(), "https://127.0.0.1:8443/v3");
        assert_eq!(base("[::1]:8080", false, None).unwrap(), "http://[::1]:8080/v3");
        assert_eq!(base("a", false, Some("https://store.example/")).unwrap(), "https://store.example/v3");
    }

    #[test]
    fn only_a_plain_host_is_believed() {
        for host in ["", "a b", "a\"b", "a/b", "a?b", "u@h", "a\\b", "é", &"a".repeat(300)] {
            assert_eq!(base(host, true, None), None, "{host}");
        }
    }
}
