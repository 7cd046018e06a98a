//! Ranges of addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// The fewest bits of a prefix, of IPv4 and of IPv6: a wider range is nobody's network.
const LEAST_BITS: (u8, u8) = (8, 16);
/// The fewest bits of a prefix of private IPv6 addresses (`fc00::/7`).
const LEAST_PRIVATE_BITS: u8 = 7;

/// A range of IP addresses in CIDR notation; a bare address is a range of one. Ranges that would contain
/// nearly everybody are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cidr(IpNet);

impl Cidr {
    /// Whether an address is in the range. An IPv4 address that came in on an IPv6 socket counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Cidr {
    type Err = &'static str;

    /// Address and bits are read by the standard library: `ipnet` would take `010.0.0.0/08`, which others
    /// read as octal.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| "not an IP address")?;
        let net = match bits {
            None => IpNet::from(base),
            Some(bits) if bits.starts_with('+') || (bits.starts_with('0') && bits.len() > 1) => {
                return Err("a prefix that is not a plain number");
            }
            Some(bits) => {
                let bits = bits.parse().map_err(|_| "a prefix that is not a number")?;
                IpNet::new(base, bits).map_err(|_| "a prefix longer than an address")?
            }
        };
        if net.prefix_len() < least_bits(base) { Err("too wide") } else { Ok(Self(net)) }
    }
}

fn least_bits(base: IpAddr) -> u8 {
    match base {
        IpAddr::V4(_) => LEAST_BITS.0,
        IpAddr::V6(base) if base.is_unique_local() => LEAST_PRIVATE_BITS,
        IpAddr::V6(_) => LEAST_BITS.1,
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains() {
        for (range, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "::1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7/32", "192.0.2.7", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("fc00::/7", "fd12::1", true),
            ("fc00::/7", "fe80::1", false),
        ] {
            let cidr: Cidr = range.parse().unwrap();
            assert_eq!(cidr.contains(address.parse().unwrap()), inside, "{range} {address}");
        }
    }

    #[test]
    fn refuses_what_is_no_range() {
        let malformed = [
            "",
            "010.0.0.0/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "0.0.0.0/00",
        ];
        let everybody = ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/7", "2000::/3", "::/15"];
        for bad in malformed {
            assert!(bad.parse::<Cidr>().is_err_and(|why| why != "too wide"), "{bad}");
        }
        for bad in everybody {
            assert_eq!(bad.parse::<Cidr>(), Err("too wide"), "{bad}");
        }
    }
}
