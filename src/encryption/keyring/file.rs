//! The key ring's file: TOML.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::super::Error;
use super::super::derive::KEY_LEN;
use super::{KeyRing, Keys, RingKey, RingKeyId, printable};

/// The version of the file.
const VERSION: u32 = 1;

/// The most that one key takes in the file, in bytes. It is generous: a string that grows leaves copies
/// behind.
const KEY_CAPACITY: usize = 256;

impl KeyRing {
    /// Reads a ring from its file. The error never quotes the file.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        // The parser's own message would show the wrong line, which may hold a secret.
        let file: File = toml::from_str(text).map_err(|_| Error::Malformed("key ring file"))?;
        if file.version != VERSION {
            return Err(Error::UnsupportedVersion);
        }
        let mut keys = Vec::<RingKey>::with_capacity(file.keys.len());
        for key in &file.keys {
            let key = key.read()?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(Error::Malformed("key ring file: an id appears twice"));
            }
            keys.push(key);
        }
        let active = RingKeyId::from_hex(&file.active).ok_or(Error::Malformed("key ring file: active"))?;
        let active = keys.iter().position(|key| key.id == active);
        let active = active.ok_or(Error::Malformed("key ring file: the active key is missing"))?;
        Ok(Self(Arc::new(Keys { active, keys })))
    }

    /// Writes the ring's file, secrets in the clear: for a file of mode 0600 or a Secret.
    pub fn to_toml(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity((self.0.keys.len() + 1) * KEY_CAPACITY));
        text.push_str("# Cardea's key ring. Whoever reads it opens every object but SSE-C ones; without it nothing opens.\n");
        text.push_str("version = 1\nactive = \"");
        text.push_str(&self.active_id().to_string());
        text.push_str("\"\n");
        for key in &self.0.keys {
            text.push_str("\n[[keys]]\nid = \"");
            text.push_str(&key.id.to_string());
            text.push_str("\"\nsecret = \"");
            STANDARD.encode_string(key.secret.as_slice(), &mut text);
            text.push_str("\"\ncreated = \"");
            text.push_str(&key.created);
            text.push_str("\"\n");
        }
        text
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    active: String,
    keys: Vec<FileKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: String,
    secret: String,
    #[serde(default)]
    created: String,
}

impl FileKey {
    fn read(&self) -> Result<RingKey, Error> {
        let id = RingKeyId::from_hex(&self.id).ok_or(Error::Malformed("key ring file: a key's id"))?;
        // A little more than a key: the decoder wants space for whole groups of digits.
        let mut bytes = Zeroizing::new([0; KEY_LEN + 16]);
        let len = STANDARD.decode_slice(&self.secret, bytes.as_mut_slice()).ok();
        let secret = len.and_then(|len| bytes[..len].try_into().ok());
        let secret = Zeroizing::new(secret.ok_or(Error::Malformed("key ring file: a key's secret"))?);
        Ok(RingKey { id, secret, created: printable(&self.created) })
    }
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        version = 1
        active = "0102030405060708"
        [[keys]]
        id = "0102030405060708"
        secret = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
    "#;

    #[test]
    fn a_written_ring_reads_back() {
        let mut ring = KeyRing::generate_at("2025-01-01T00:00:00Z");
        let standby = ring.add_standby("later \" \n \\ [[keys]]");
        ring.promote(standby).unwrap();
        let text = ring.to_toml();
        assert!(text.len() <= 3 * KEY_CAPACITY, "grew to {}", text.len());

        let read = KeyRing::from_toml(&text).unwrap();
        let shown = |ring: &KeyRing| -> Vec<_> {
            ring.0.keys.iter().map(|key| (key.id, key.created.clone(), key.id == ring.active_id())).collect()
        };
        assert_eq!(shown(&read), shown(&ring));
        assert_eq!(*read.to_toml(), *text);
    }

    #[test]
    fn a_file_by_hand_reads() {
        let ring = KeyRing::from_toml(ONE).unwrap();
        assert_eq!(ring.active().secret(), &[1; 32]);
        assert_eq!(ring.active_id().to_string(), "0102030405060708");
    }

    #[test]
    fn a_wrong_file_is_refused_without_quoting_it() {
        let key = &ONE[ONE.find("[[keys]]").unwrap()..];
        for (file, error) in [
            (ONE.replace("version = 1", "version = 2"), Error::UnsupportedVersion),
            (ONE.replace("AQEB", "AQ"), Error::Malformed("key ring file: a key's secret")),
            (ONE.replace("AQE=", "AQEBAQEB"), Error::Malformed("key ring file: a key's secret")),
            (ONE.replace(r#"id = "01"#, r#"id = "0"#), Error::Malformed("key ring file: a key's id")),
            (
                ONE.replace(r#"active = "01"#, r#"active = "ff"#),
                Error::Malformed("key ring file: the active key is missing"),
            ),
            (ONE.replace(r#"active = "01"#, r#"active = ""#), Error::Malformed("key ring file: active")),
            (format!("{ONE}{key}"), Error::Malformed("key ring file: an id appears twice")),
            (format!("other = 1\n{ONE}"), Error::Malformed("key ring file")),
            (ONE.replace(key, "keys = []"), Error::Malformed("key ring file: the active key is missing")),
            (String::new(), Error::Malformed("key ring file")),
        ] {
            assert_eq!(KeyRing::from_toml(&file).unwrap_err(), error, "{file}");
        }
    }
}
