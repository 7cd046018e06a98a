//! Ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The fewest bits of a prefix, of IPv4 and of IPv6: a wider range is nobody's network.
const LEAST_BITS: (u8, u8) = (8, 16);
/// The fewest bits where all addresses are private ones of IPv6: `fc00::/7`.
const LEAST_PRIVATE_BITS: u8 = 7;

/// A range of IP addresses in CIDR notation; a bare address is a range of one. None is so wide that it is about everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Whether an address is in the range. An IPv4 address that came in on an IPv6 socket counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                mask_v4(base.to_bits(), self.bits) == mask_v4(address.to_bits(), self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                mask_v6(base.to_bits(), self.bits) == mask_v6(address.to_bits(), self.bits)
            }
            _ => false,
        }
    }
}

fn mask_v4(address: u32, bits: u8) -> u32 {
    address.checked_shr(Ipv4Addr::BITS - u32::from(bits)).unwrap_or(0)
}

fn mask_v6(address: u128, bits: u8) -> u128 {
    address.checked_shr(Ipv6Addr::BITS - u32::from(bits)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) if !bits.starts_with(['+', '0']) => {
                (base, Some(bits.parse().map_err(|_| ())?))
            }
            Some(_) => return Err(()),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| ())?;
        let (least, all) = match base {
            IpAddr::V4(_) => (LEAST_BITS.0, 32),
            IpAddr::V6(base) if base.is_unique_local() => (LEAST_PRIVATE_BITS, 128),
            IpAddr::V6(_) => (LEAST_BITS.1, 128),
        };
        let bits = bits.unwrap_or(all);
        if (least..=all).contains(&bits) { Ok(Self { base, bits }) } else { Err(()) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
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
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/08",
        ];
        let everybody = [
            "0.0.0.0/0",
            "0.0.0.0/00",
            "::/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "10.0.0.0/7",
            "2000::/3",
            "::/15",
        ];
        for bad in malformed.into_iter().chain(everybody) {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
