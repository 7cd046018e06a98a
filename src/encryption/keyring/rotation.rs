//! What tests need to make rings: one without a date, and rings with an older key.
//!
//! No command rotates the key ring yet, so the program is built without this file. A rotation takes two
//! phases, so that no replica ever meets a key that it does not know: [`KeyRing::add_standby`], load the new
//! file everywhere, [`KeyRing::promote`], load again.

use std::sync::Arc;

use super::{KeyRing, RingKey, RingKeyId};
use crate::encryption::Error;

impl KeyRing {
    /// A new ring with one key.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn generate() -> Self {
        Self::generate_at("")
    }

    /// Adds a fresh key that opens but does not seal: the first phase. Other clones are not changed.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    pub fn add_standby(&mut self, created: &str) -> RingKeyId {
        let key = RingKey::generate(created);
        let id = key.id;
        Arc::make_mut(&mut self.0).keys.push(key);
        id
    }

    /// Makes a key of the ring the one that seals: the second phase. Other clones are not changed.
    /// [`Error::UnknownRingKey`] for an id that is not in the ring.
    pub fn promote(&mut self, id: RingKeyId) -> Result<(), Error> {
        let index = self.0.keys.iter().position(|key| key.id == id).ok_or(Error::UnknownRingKey)?;
        Arc::make_mut(&mut self.0).active = index;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
