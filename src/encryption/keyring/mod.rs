//! The gateway's key ring: the secrets that everything at rest hangs on.
//!
//! It lives in a file or a Secret, never in the index, the blob store or a backup. A ring has several keys, one of them
//! active: the active one seals, all of them open. Rotation takes two phases, so that no replica ever meets a key it does
//! not know: [`KeyRing::add_standby`], load the new file everywhere, [`KeyRing::promote`], load again.

mod export;
mod file;

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::derive::{Fields, KEY_LEN, SALT_LEN, derive, random};
use super::{CustomerKey, Error, wrap};

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

/// What may be shown of a ring key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RingKeyInfo {
    /// Its id.
    pub id: RingKeyId,
    /// When it was made, as whoever made it wrote it. May be empty.
    pub created: String,
    /// Whether it seals.
    pub active: bool,
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
    /// A new ring with one key.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn generate() -> Self {
        Self::generate_at("")
    }

    /// A new ring with one key that says when it was made (an RFC 3339 date, say; only for people to read).
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn generate_at(created: &str) -> Self {
        Self(Arc::new(Keys { active: 0, keys: vec![RingKey::generate(created)] }))
    }

    /// The keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = RingKeyInfo> + '_ {
        self.0.keys.iter().enumerate().map(|(index, key)| RingKeyInfo {
            id: key.id,
            created: key.created.clone(),
            active: index == self.0.active,
        })
    }

    /// The id of the key that seals.
    pub fn active_id(&self) -> RingKeyId {
        self.active().id
    }

    /// Adds a fresh key that opens but does not seal: the first phase of a rotation. Other clones are not changed.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn add_standby(&mut self, created: &str) -> RingKeyId {
        let key = RingKey::generate(created);
        let id = key.id;
        Arc::make_mut(&mut self.0).keys.push(key);
        id
    }

    /// Makes a key of the ring the one that seals: the second phase, once every replica has loaded the first. Other
    /// clones are not changed. [`Error::UnknownRingKey`] for an id that is not in the ring.
    pub fn promote(&mut self, id: RingKeyId) -> Result<(), Error> {
        let index = self.0.keys.iter().position(|key| key.id == id).ok_or(Error::UnknownRingKey)?;
        Arc::make_mut(&mut self.0).active = index;
        Ok(())
    }

    /// Seals a secret that the index keeps (an S3 secret key, a token key). It opens only with the same purpose and
    /// context: the row it stands in.
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

    /// A name for contents that says nothing without the ring: 32 bytes, the same for the same contents and purpose until
    /// another ring key is promoted.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn content_name(&self, purpose: &str, contents: &[u8]) -> [u8; 32] {
        let fields = Fields::new("cardea/v1/content-name").bytes(purpose.as_bytes());
        let mac_key = derive::<KEY_LEN>(self.active().secret(), &[], &fields);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(contents);
        mac.finalize().into_bytes().into()
    }

    /// What an audit log may say of a customer key: 16 hex digits that are the same for the same key in the same context
    /// (a bucket's id) and say nothing without the ring. They change when another ring key is promoted.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn fingerprint(&self, context: &[u8], key: &CustomerKey) -> String {
        let fields = Fields::new("cardea/v1/fingerprint").bytes(context);
        let mac_key = derive::<KEY_LEN>(self.active().secret(), &[], &fields);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(mac_key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(key.expose());
        hex::encode(&mac.finalize().into_bytes()[..8])
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

/// A date or a note as the file may hold it between quotes: what would need escaping is dropped, and so is what is long.
fn printable(note: &str) -> String {
    note.chars().filter(|&c| c.is_ascii_alphanumeric() || " +-.:_".contains(c)).take(64).collect()
}

/// The key of one sealed secret. The salt makes it unique, so that no number of secrets wears out a ring key's nonces.
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
    fn rotation_keeps_old_things_open() {
        let mut ring = KeyRing::generate();
        let old_replica = ring.clone();
        let old = ring.seal_secret("p", b"", b"old");

        let standby = ring.add_standby("2025-01-01T00:00:00Z");
        assert_ne!(ring.active_id(), standby);
        let loaded = ring.clone();
        ring.promote(standby).unwrap();
        assert_eq!(ring.active_id(), standby);
        let new = ring.seal_secret("p", b"", b"new");

        assert_eq!(ring.open_secret("p", b"", &old).unwrap().as_slice(), b"old");
        assert_eq!(loaded.open_secret("p", b"", &new).unwrap().as_slice(), b"new");
        assert_eq!(old_replica.open_secret("p", b"", &new), Err(Error::UnknownRingKey));
        assert_eq!(ring.promote(RingKeyId([0; 8])), Err(Error::UnknownRingKey));
        assert_eq!(ring.keys().filter(|key| key.active).count(), 1);
    }

    #[test]
    fn a_fingerprint_is_stable_within_its_context() {
        let ring = KeyRing::generate();
        let key = CustomerKey::generate();
        let fingerprint = ring.fingerprint(b"bucket", &key);
        assert_eq!(fingerprint.len(), 16);
        assert_eq!(fingerprint, ring.fingerprint(b"bucket", &key));
        assert_ne!(fingerprint, ring.fingerprint(b"other", &key));
        assert_ne!(fingerprint, ring.fingerprint(b"bucket", &CustomerKey::generate()));
        assert_ne!(fingerprint, KeyRing::generate().fingerprint(b"bucket", &key));
    }

    #[test]
    fn debug_shows_no_secret() {
        let ring = KeyRing::generate();
        let shown = format!("{ring:?}");
        assert_eq!(shown, format!("KeyRing {{ active: {:?}, keys: 1, .. }}", ring.active_id()));
    }
}
