//! The gateway's key ring: the secrets that protect everything at rest.
//!
//! It lives in a file or a Secret, never in the index, the blob store or a backup. A ring has several keys,
//! one of them active: the active one seals, all of them open. The format allows another key to become the
//! active one; no command does that yet (see `rotation`, which only tests have).

mod export;
mod file;
#[cfg(feature = "testing")]
mod rotation;

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::derive::{Fields, KEY_LEN, SALT_LEN, derive, random};
use super::{Error, wrap};

/// The version of a sealed secret, its first byte.
const SECRET_VERSION: u8 = 1;

/// Names a ring key: eight random bytes, not secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RingKeyId([u8; Self::LEN]);

impl RingKeyId {
    /// Length in bytes.
    pub const LEN: usize = 8;

    /// Reads an id from 16 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut id = [0; Self::LEN];
        hex::decode_to_slice(text, &mut id).ok()?;
        Some(Self(id))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for RingKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RingKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingKeyId({self})")
    }
}

/// One key of the ring.
#[derive(Clone)]
pub(super) struct RingKey {
    id: RingKeyId,
    secret: Zeroizing<[u8; KEY_LEN]>,
    created: String,
}

impl RingKey {
    fn generate(created: &str) -> Self {
        Self { id: RingKeyId(random()), secret: Zeroizing::new(random()), created: printable(created) }
    }

    /// The key's id.
    pub(super) fn id(&self) -> RingKeyId {
        self.id
    }

    /// The secret, for deriving keys only: nothing is sealed under it directly.
    pub(super) fn secret(&self) -> &[u8; KEY_LEN] {
        &self.secret
    }
}

/// The key ring. Cheap to clone: the clones share one copy of the secrets, wiped with the last of them.
#[derive(Clone)]
pub struct KeyRing(Arc<Keys>);

#[derive(Clone)]
struct Keys {
    /// The index of the key that seals.
    active: usize,
    keys: Vec<RingKey>,
}

impl KeyRing {
    /// A new ring with one key. `created` is for people to read, such as an RFC 3339 date.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn generate_at(created: &str) -> Self {
        Self(Arc::new(Keys { active: 0, keys: vec![RingKey::generate(created)] }))
    }

    /// The id of the key that seals.
    pub fn active_id(&self) -> RingKeyId {
        self.active().id
    }

    /// Seals a secret that the index keeps (an S3 secret key, a token key). It opens only with the same
    /// purpose and context, which names its row.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn seal_secret(&self, purpose: &str, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let ring_key = self.active();
        let salt = random::<SALT_LEN>();
        let mut sealed = Vec::with_capacity(1 + RingKeyId::LEN + SALT_LEN + plain.len() + wrap::OVERHEAD);
        sealed.push(SECRET_VERSION);
        sealed.extend_from_slice(ring_key.id.as_bytes());
        sealed.extend_from_slice(&salt);
        let key = secret_key(ring_key, &salt, purpose);
        wrap::seal(&key, &secret_fields(ring_key.id, purpose, context), plain, &mut sealed);
        sealed
    }

    /// Opens a sealed secret. [`Error::Tampered`] unless it was sealed for this purpose and context.
    pub fn open_secret(
        &self,
        purpose: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        const MALFORMED: Error = Error::Malformed("sealed secret");
        let (&version, rest) = sealed.split_first().ok_or(MALFORMED)?;
        if version != SECRET_VERSION {
            return Err(Error::UnsupportedVersion);
        }
        let (id, rest) = rest.split_first_chunk().ok_or(MALFORMED)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(MALFORMED)?;
        let ring_key = self.find(*id)?;
        let key = secret_key(ring_key, salt, purpose);
        wrap::open(&key, &secret_fields(ring_key.id, purpose, context), rest)
            .ok_or(Error::Tampered("sealed secret"))
    }

    /// A name for contents, which reveals nothing without the ring: 32 bytes. They are the same for the same
    /// contents and purpose, until another ring key is promoted.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn content_name(&self, purpose: &str, contents: &[u8]) -> [u8; 32] {
        let fields = Fields::new("cardea/v1/content-name").bytes(purpose.as_bytes());
        let mac_key = derive::<KEY_LEN>(self.active().secret(), &[], &fields);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(contents);
        mac.finalize().into_bytes().into()
    }

    /// The key that seals.
    pub(super) fn active(&self) -> &RingKey {
        &self.0.keys[self.0.active]
    }

    /// The key of that id.
    pub(super) fn find(&self, id: [u8; RingKeyId::LEN]) -> Result<&RingKey, Error> {
        self.0.keys.iter().find(|key| key.id.0 == id).ok_or(Error::UnknownRingKey)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("active", &self.active_id())
            .field("keys", &self.0.keys.len())
            .finish_non_exhaustive()
    }
}

/// A date or a note in the form that the file may hold between quotes. Characters that need escaping are
/// dropped, and long texts are cut.
fn printable(note: &str) -> String {
    note.chars().filter(|&c| c.is_ascii_alphanumeric() || " +-.:_".contains(c)).take(64).collect()
}

/// The key of one sealed secret. The salt makes it unique, so that no number of secrets wears out a ring
/// key's nonces.
fn secret_key(ring_key: &RingKey, salt: &[u8; SALT_LEN], purpose: &str) -> Zeroizing<[u8; KEY_LEN]> {
    derive(ring_key.secret(), salt, &Fields::new("cardea/v1/secret-key").bytes(purpose.as_bytes()))
}

fn secret_fields(id: RingKeyId, purpose: &str, context: &[u8]) -> Fields {
    Fields::new("cardea/v1/secret")
        .bytes(&[SECRET_VERSION])
        .bytes(&id.0)
        .bytes(purpose.as_bytes())
        .bytes(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_purpose_and_context_only() {
        let ring = KeyRing::generate();
        let sealed = ring.seal_secret("s3-secret", b"AKIA", b"plain");
        assert_eq!(ring.open_secret("s3-secret", b"AKIA", &sealed).unwrap().as_slice(), b"plain");

        let tampered = Err(Error::Tampered("sealed secret"));
        assert_eq!(ring.open_secret("token-key", b"AKIA", &sealed), tampered);
        assert_eq!(ring.open_secret("s3-secret", b"AKIB", &sealed), tampered);
        assert_eq!(
            KeyRing::generate().open_secret("s3-secret", b"AKIA", &sealed),
            Err(Error::UnknownRingKey)
        );
        for cut in 0..sealed.len() {
            assert!(ring.open_secret("s3-secret", b"AKIA", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let ring = KeyRing::generate();
        let shown = format!("{ring:?}");
        assert_eq!(shown, format!("KeyRing {{ active: {:?}, keys: 1, .. }}", ring.active_id()));
    }
}
