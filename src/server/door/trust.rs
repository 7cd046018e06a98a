//! Whether a request is secure enough to carry a customer's key.

use std::net::IpAddr;

use hyper::HeaderMap;

use crate::config::Cidr;

/// Whose word about TLS is believed.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// Peers whose `X-Forwarded-Proto` counts.
    pub proxies: Vec<Cidr>,
    /// Whether a customer's key needs TLS at all.
    pub require_tls: bool,
}

/// The way a request came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Transport {
    /// Whether the client spoke `https`.
    pub https: bool,
    /// Whether a customer's key may come on it.
    pub secure: bool,
}

impl Trust {
    /// A request is `https` if it came over TLS here, or from a trusted proxy with exactly one
    /// `X-Forwarded-Proto`, which must be `https`.
    pub(crate) fn judge(&self, tls: bool, peer: IpAddr, headers: &HeaderMap) -> Transport {
        let https = tls || (self.proxies.iter().any(|range| range.contains(peer)) && is_vouched_for(headers));
        Transport { https, secure: https || !self.require_tls }
    }
}

fn is_vouched_for(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all("x-forwarded-proto").iter();
    match (values.next(), values.next()) {
        (Some(only), None) => only.as_bytes().eq_ignore_ascii_case(b"https"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(tls: bool, peer: &str, protocols: &[&str]) -> Transport {
        let trust = Trust { proxies: vec!["10.0.0.0/8".parse().unwrap()], require_tls: true };
        let mut headers = HeaderMap::new();
        for protocol in protocols {
            headers.append("x-forwarded-proto", protocol.parse().unwrap());
        }
        trust.judge(tls, peer.parse().unwrap(), &headers)
    }

    #[test]
    fn tls_here_or_a_trusted_proxys_word() {
        for (tls, peer, protocols, secure) in [
            (true, "192.0.2.1", &[][..], true),
            (true, "192.0.2.1", &["http"], true),
            (false, "192.0.2.1", &[], false),
            (false, "192.0.2.1", &["https"], false),
            (false, "10.1.2.3", &["https"], true),
            (false, "::ffff:10.1.2.3", &["HTTPS"], true),
            (false, "10.1.2.3", &[], false),
            (false, "10.1.2.3", &["http"], false),
            (false, "10.1.2.3", &["https", "https"], false),
            (false, "10.1.2.3", &["http", "https"], false),
            (false, "10.1.2.3", &["https, http"], false),
            (false, "10.1.2.3", &["https,https"], false),
        ] {
            let found = judge(tls, peer, protocols);
            assert_eq!(found, Transport { https: secure, secure }, "{tls} {peer} {protocols:?}");
        }
    }

    #[test]
    fn tests_may_do_without_tls() {
        let trust = Trust { proxies: Vec::new(), require_tls: false };
        let found = trust.judge(false, "192.0.2.1".parse().unwrap(), &HeaderMap::new());
        assert_eq!(found, Transport { https: false, secure: true });
    }
}
