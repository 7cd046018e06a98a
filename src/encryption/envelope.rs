//! A version's envelope: its key, sealed twice.
//!
//! The mode says what opens the **inner** layer: the customer's key or the ring. The **outer** layer opens
//! with the ring in every mode, and holds the binding to the row in the index. If an envelope was moved, or
//! its part list or length was changed, it does not open. A thief of the index without the ring cannot even
//! guess customer keys. `docs/encryption-format.md` has the bytes.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::derive::{Committed, Fields, KEY_LEN, SALT_LEN, derive, derive_committed, random};
use super::keyring::RingKey;
use super::{CustomerKey, Error, KeyRing, PartsHash, RingKeyId, VersionKey, wrap};

/// The version of both layers, the first byte of each.
const VERSION: u8 = 1;

/// The length of the longer inner layer, the ring's, in bytes.
const INNER_CAPACITY: usize = 2 + RingKeyId::LEN + 2 * SALT_LEN + KEY_LEN + wrap::OVERHEAD;

/// Who holds the key that opens an envelope; its second byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Mode {
    /// SSE-S3: the gateway's key ring.
    Managed = 1,
    /// SSE-C: the customer.
    Customer = 2,
    /// SSE-KMS: a key management service.
    Kms = 3,
}

/// What an envelope is bound to. It opens only if all of this is unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The bucket's id.
    pub bucket: &'a [u8; 16],
    /// The object's key, its name in the bucket.
    pub key: &'a [u8],
    /// The version's public id.
    pub version_id: &'a str,
    /// The version's uid, never reused.
    pub version_uid: &'a [u8; 16],
    /// The version's mode.
    pub mode: Mode,
    /// The plaintext's length in bytes.
    pub total_length: u64,
    /// The hash of its ordered part list.
    pub parts: PartsHash,
}

/// Who opens the inner layer.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'k> {
    /// The gateway's key ring.
    Ring,
    /// The customer, with this key.
    Customer(&'k CustomerKey),
}

impl Holder<'_> {
    const fn mode(self) -> Mode {
        match self {
            Self::Ring => Mode::Managed,
            Self::Customer(_) => Mode::Customer,
        }
    }
}

/// A version's key, sealed by its holder and not yet bound. It is made before the commit, as all slow work
/// is.
///
/// Never to be stored as it is: only inside [`seal_outer`].
#[derive(Clone, PartialEq, Eq)]
pub struct InnerEnvelope(Vec<u8>);

impl fmt::Debug for InnerEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InnerEnvelope(redacted)")
    }
}

/// Seals a version's key for its holder.
///
/// # Panics
/// When the operating system gives no randomness.
pub fn seal_inner(
    ring: &KeyRing,
    holder: Holder<'_>,
    key: &VersionKey,
    account: &str,
    version_uid: &[u8; 16],
) -> InnerEnvelope {
    let fields = inner_fields(holder.mode(), account, version_uid);
    let mut inner = Vec::with_capacity(INNER_CAPACITY);
    inner.extend_from_slice(&[VERSION, holder.mode() as u8]);
    let secret = match holder {
        Holder::Customer(key) => key.expose(),
        Holder::Ring => {
            let ring_key = ring.active();
            inner.extend_from_slice(ring_key.id().as_bytes());
            ring_key.secret()
        }
    };
    let salt = random::<SALT_LEN>();
    let Committed { key: kek, commitment } = derive_committed(secret, &salt, &fields);
    inner.extend_from_slice(&salt);
    inner.extend_from_slice(&commitment);
    wrap::seal(&kek, &fields, key.expose(), &mut inner);
    InnerEnvelope(inner)
}

/// Binds an inner envelope. This is cheap: it runs inside the commit, where the version id is known.
///
/// `binding.mode` must be the holder's.
///
/// # Panics
/// When the operating system gives no randomness.
pub fn seal_outer(ring: &KeyRing, inner: &InnerEnvelope, binding: &Binding<'_>) -> Vec<u8> {
    debug_assert_eq!(inner.0.get(1), Some(&(binding.mode as u8)), "the binding names another holder");
    let ring_key = ring.active();
    let mut envelope = Vec::with_capacity(1 + RingKeyId::LEN + inner.0.len() + wrap::OVERHEAD);
    envelope.push(VERSION);
    envelope.extend_from_slice(ring_key.id().as_bytes());
    let kek = outer_key(ring_key, binding.version_uid);
    wrap::seal(&kek, &outer_fields(ring_key, binding), &inner.0, &mut envelope);
    envelope
}

/// Verifies an envelope and its binding, and returns the inner layer.
///
/// [`Error::Tampered`] for anything that does not verify, [`Error::UnknownRingKey`] if the ring does not have
/// the key.
pub fn open_outer(ring: &KeyRing, envelope: &[u8], binding: &Binding<'_>) -> Result<InnerEnvelope, Error> {
    let mut sealed = envelope;
    check_version(&mut sealed)?;
    let ring_key = ring.find(*take(&mut sealed)?)?;
    let kek = outer_key(ring_key, binding.version_uid);
    let inner =
        wrap::open(&kek, &outer_fields(ring_key, binding), sealed).ok_or(Error::Tampered("envelope"))?;
    Ok(InnerEnvelope(inner.to_vec()))
}

/// Opens an inner envelope.
///
/// [`Error::WrongKey`] for a customer key that is not the one it was sealed with, [`Error::WrongHolder`] for
/// a holder of another mode.
pub fn open_inner(
    ring: &KeyRing,
    inner: &InnerEnvelope,
    holder: Holder<'_>,
    account: &str,
    version_uid: &[u8; 16],
) -> Result<VersionKey, Error> {
    let mut rest = inner.0.as_slice();
    check_version(&mut rest)?;
    let [mode] = *take(&mut rest)?;
    if mode != holder.mode() as u8 {
        return Err(Error::WrongHolder);
    }
    let (secret, mismatch) = match holder {
        Holder::Customer(key) => (key.expose(), Error::WrongKey),
        Holder::Ring => (ring.find(*take(&mut rest)?)?.secret(), Error::Tampered("inner envelope")),
    };
    let salt = take::<SALT_LEN>(&mut rest)?;
    let commitment = take::<SALT_LEN>(&mut rest)?;

    let fields = inner_fields(holder.mode(), account, version_uid);
    let derived = derive_committed(secret, salt, &fields);
    if !bool::from(derived.commitment.ct_eq(commitment)) {
        return Err(mismatch);
    }
    let key = wrap::open_key(&derived.key, &fields, rest).ok_or(Error::Tampered("inner envelope"))?;
    Ok(VersionKey::new(key))
}

/// Gives an envelope another binding, under the ring's active key and without its holder: for Complete of a
/// multipart upload, or for an old version that is restored.
///
/// [`Error::Malformed`] if the new binding has another mode, account or version uid. The inner layer is bound
/// to these, too, so it would never open again. Only the holder can change them.
pub fn reseal_outer(
    ring: &KeyRing,
    envelope: &[u8],
    old: &Binding<'_>,
    new: &Binding<'_>,
) -> Result<Vec<u8>, Error> {
    let inner = open_outer(ring, envelope, old)?;
    if (old.mode, old.account, old.version_uid) != (new.mode, new.account, new.version_uid) {
        return Err(Error::Malformed("a reseal cannot change the mode, the account or the version uid"));
    }
    Ok(seal_outer(ring, &inner, new))
}

fn inner_fields(mode: Mode, account: &str, version_uid: &[u8; 16]) -> Fields {
    Fields::new("cardea/v1/envelope/inner").bytes(&[mode as u8]).bytes(account.as_bytes()).bytes(version_uid)
}

/// The outer layer's key: one for each version uid, so that no number of versions wears out a ring key's
/// nonces.
fn outer_key(ring_key: &RingKey, version_uid: &[u8; 16]) -> Zeroizing<[u8; KEY_LEN]> {
    derive(ring_key.secret(), &[], &Fields::new("cardea/v1/envelope/outer-key").bytes(version_uid))
}

fn outer_fields(ring_key: &RingKey, binding: &Binding<'_>) -> Fields {
    Fields::new("cardea/v1/envelope/outer")
        .bytes(&[VERSION])
        .bytes(ring_key.id().as_bytes())
        .bytes(binding.account.as_bytes())
        .bytes(binding.bucket)
        .bytes(binding.key)
        .bytes(binding.version_id.as_bytes())
        .bytes(binding.version_uid)
        .bytes(&[binding.mode as u8])
        .number(binding.total_length)
        .bytes(binding.parts.as_bytes())
}

/// Takes the version byte, which must be ours.
fn check_version(rest: &mut &[u8]) -> Result<(), Error> {
    match *take(rest)? {
        [VERSION] => Ok(()),
        _ => Err(Error::UnsupportedVersion),
    }
}

/// Takes the next `N` bytes.
fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Error> {
    let (taken, after) = rest.split_first_chunk().ok_or(Error::Malformed("envelope"))?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::super::hash_parts;
    use super::*;

    const UID: [u8; 16] = [5; 16];

    fn binding(mode: Mode) -> Binding<'static> {
        Binding {
            account: "account",
            bucket: &[1; 16],
            key: b"key",
            version_id: "null",
            version_uid: &UID,
            mode,
            total_length: 0,
            parts: hash_parts(std::iter::empty()),
        }
    }

    #[test]
    fn both_holders_open_what_they_sealed() {
        let ring = KeyRing::generate();
        let customer = CustomerKey::generate();
        let key = VersionKey::generate();
        for (holder, len) in [(Holder::Ring, 171), (Holder::Customer(&customer), 163)] {
            let binding = binding(holder.mode());
            let inner = seal_inner(&ring, holder, &key, "account", &UID);
            let envelope = seal_outer(&ring, &inner, &binding);
            assert_eq!(envelope.len(), len);

            let opened = open_outer(&ring, &envelope, &binding).unwrap();
            assert_eq!(opened, inner);
            assert_eq!(open_inner(&ring, &opened, holder, "account", &UID).unwrap(), key);
        }
    }

    #[test]
    fn a_wrong_customer_key_and_damage_are_different_errors() {
        let ring = KeyRing::generate();
        let customer = CustomerKey::generate();
        let holder = Holder::Customer(&customer);
        let inner = seal_inner(&ring, holder, &VersionKey::generate(), "account", &UID);
        let open =
            |inner: &InnerEnvelope, holder| open_inner(&ring, inner, holder, "account", &UID).map(|_| ());

        let wrong = CustomerKey::generate();
        assert_eq!(open(&inner, Holder::Customer(&wrong)), Err(Error::WrongKey));
        assert_eq!(open(&inner, Holder::Ring), Err(Error::WrongHolder));

        let mut damaged = inner.clone();
        *damaged.0.last_mut().unwrap() ^= 1;
        assert_eq!(open(&damaged, holder), Err(Error::Tampered("inner envelope")));
        for cut in 0..inner.0.len() {
            assert!(open(&InnerEnvelope(inner.0[..cut].to_vec()), holder).is_err());
        }
    }

    #[test]
    fn a_reseal_keeps_what_the_inner_layer_is_bound_to() {
        let ring = KeyRing::generate();
        let inner = seal_inner(&ring, Holder::Ring, &VersionKey::generate(), "account", &UID);
        let old = binding(Mode::Managed);
        let envelope = seal_outer(&ring, &inner, &old);

        let new = Binding { version_id: "v2", total_length: 9, ..old };
        let resealed = reseal_outer(&ring, &envelope, &old, &new).unwrap();
        assert_eq!(open_outer(&ring, &resealed, &new).unwrap(), inner);
        assert_eq!(open_outer(&ring, &resealed, &old), Err(Error::Tampered("envelope")));
        for unopenable in [
            binding(Mode::Customer),
            Binding { account: "other", ..old },
            Binding { version_uid: &[6; 16], ..old },
        ] {
            assert!(matches!(reseal_outer(&ring, &envelope, &old, &unopenable), Err(Error::Malformed(_))));
        }
    }
}
