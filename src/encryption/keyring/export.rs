//! A key ring sealed under a passphrase, to be kept apart from the gateway: Argon2id, then AES-256-GCM.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::derive::{Fields, KEY_LEN, SALT_LEN, random};
use super::super::{Error, wrap};
use super::KeyRing;

const BEGIN: &str = "-----BEGIN CARDEA KEY RING-----";
const END: &str = "-----END CARDEA KEY RING-----";

/// The version of an export, its first byte.
const VERSION: u8 = 1;

/// Version, Argon2id's three costs, salt.
const HEADER_LEN: usize = 1 + 3 * 4 + SALT_LEN;

/// Digits on a line.
const LINE: usize = 64;

/// The cost of a guess: the second recommendation of RFC 9106, three passes over 64 MiB.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

/// The highest cost of an import: sixteen passes over 1 GiB. Stops a forged export from exhausting the
/// machine.
const MAX_COST: Cost = Cost { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KeyRing {
    /// Seals the ring under a passphrase: text, to print or to put in a safe. Takes about a second and 64
    /// MiB.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn export_sealed(&self, passphrase: &str) -> Result<String, Error> {
        self.export_at(COST, passphrase)
    }

    /// Opens an export. [`Error::WrongPassphrase`] also for a damaged one.
    pub fn import_sealed(passphrase: &str, export: &str) -> Result<Self, Error> {
        const MALFORMED: Error = Error::Malformed("exported key ring");
        let text =
            export.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(MALFORMED)?;
        let digits: String = text.split_ascii_whitespace().collect();
        let export = STANDARD.decode(digits).map_err(|_| MALFORMED)?;

        let (header, sealed) = export.split_first_chunk::<HEADER_LEN>().ok_or(MALFORMED)?;
        if header[0] != VERSION {
            return Err(Error::UnsupportedVersion);
        }
        let key = stretch(passphrase, header)?;
        let toml = wrap::open(&key, &fields(header), sealed).ok_or(Error::WrongPassphrase)?;
        Self::from_toml(std::str::from_utf8(&toml).map_err(|_| MALFORMED)?)
    }

    fn export_at(&self, cost: Cost, passphrase: &str) -> Result<String, Error> {
        let mut header = [0; HEADER_LEN];
        header[0] = VERSION;
        header[1..5].copy_from_slice(&cost.memory_kib.to_be_bytes());
        header[5..9].copy_from_slice(&cost.passes.to_be_bytes());
        header[9..13].copy_from_slice(&cost.lanes.to_be_bytes());
        header[13..].copy_from_slice(&random::<SALT_LEN>());

        let mut export = header.to_vec();
        let key = stretch(passphrase, &header)?;
        wrap::seal(&key, &fields(&header), self.to_toml().as_bytes(), &mut export);

        let digits = STANDARD.encode(export);
        let mut text = String::from(BEGIN);
        for (index, digit) in digits.chars().enumerate() {
            if index % LINE == 0 {
                text.push('\n');
            }
            text.push(digit);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        Ok(text)
    }
}

/// Derives the key from a passphrase, with the cost and the salt in the header.
fn stretch(passphrase: &str, header: &[u8; HEADER_LEN]) -> Result<Zeroizing<[u8; KEY_LEN]>, Error> {
    const MALFORMED: Error = Error::Malformed("exported key ring: cost");
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let cost = Cost { memory_kib: number(1), passes: number(5), lanes: number(9) };
    if cost.memory_kib > MAX_COST.memory_kib || cost.passes > MAX_COST.passes || cost.lanes > MAX_COST.lanes {
        return Err(MALFORMED);
    }
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LEN)).map_err(|_| MALFORMED)?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &header[13..], key.as_mut_slice())
        .map_err(|_| MALFORMED)?;
    Ok(key)
}

fn fields(header: &[u8; HEADER_LEN]) -> Fields {
    Fields::new("cardea/v1/keyring-export").bytes(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 32, passes: 1, lanes: 1 };

    #[test]
    fn an_export_opens_with_its_passphrase_only() {
        let mut ring = KeyRing::generate_at("2025-01-01T00:00:00Z");
        ring.add_standby("");
        let export = ring.export_at(CHEAP, "correct horse").unwrap();
        assert!(export.lines().all(|line| line.len() <= LINE));

        let imported = KeyRing::import_sealed("correct horse", &export).unwrap();
        assert_eq!(*imported.to_toml(), *ring.to_toml());
        assert_eq!(KeyRing::import_sealed("wrong horse", &export).unwrap_err(), Error::WrongPassphrase);
    }

    #[test]
    fn damage_is_refused() {
        let export = KeyRing::generate().export_at(CHEAP, "p").unwrap();
        let import = |text: &str| KeyRing::import_sealed("p", text).map(|_| ()).unwrap_err();
        assert_eq!(import(""), Error::Malformed("exported key ring"));
        assert_eq!(import(export.strip_suffix("-----\n").unwrap()), Error::Malformed("exported key ring"));
        let shorter: Vec<_> =
            export.lines().enumerate().filter(|(i, _)| *i != 2).map(|(_, line)| line).collect();
        assert_eq!(import(&shorter.join("\n")), Error::WrongPassphrase);
    }

    #[test]
    fn a_forged_cost_is_refused_before_it_is_paid() {
        for (at, bytes) in [(1, [0xff; 4]), (5, [0xff; 4]), (9, [0xff; 4]), (5, [0; 4]), (9, [0; 4])] {
            let mut header = [0; HEADER_LEN];
            header[..13].copy_from_slice(&[1, 0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0, 1]);
            header[at..at + 4].copy_from_slice(&bytes);
            assert_eq!(stretch("p", &header).unwrap_err(), Error::Malformed("exported key ring: cost"));
        }
    }
}
