//! Envelopes and what hangs on them: they open for the right holder, at the right place, and in no other way.

use cardea::encryption::{
    Binding, CustomerKey, DataKey, Error, Holder, KeyRing, Mode, PartRef, PartsHash, VersionKey, hash_parts,
    open_inner, open_outer, reseal_outer, seal_inner, seal_outer,
};
use proptest::prelude::*;

const UID: [u8; 16] = [5; 16];
const TAMPERED: Error = Error::Tampered("envelope");

/// A part list of three slices of two blobs.
fn parts() -> Vec<PartRef<'static>> {
    vec![
        PartRef { blob_id: &[1; 24], offset: 0, length: 100, wrapped_key: &[11; 61] },
        PartRef { blob_id: &[2; 24], offset: 10, length: 100, wrapped_key: &[12; 61] },
        PartRef { blob_id: &[1; 24], offset: 100, length: 50, wrapped_key: &[11; 61] },
    ]
}

fn hash(parts: &[PartRef<'_>]) -> PartsHash {
    hash_parts(parts.iter().copied())
}

fn binding(mode: Mode) -> Binding<'static> {
    Binding {
        account: "0123456789abcdef",
        bucket: &[7; 16],
        key: b"a//b",
        version_id: "null",
        version_uid: &UID,
        mode,
        total_length: 250,
        parts: hash(&parts()),
    }
}

fn sealed(ring: &KeyRing, holder: Holder<'_>, key: &VersionKey, binding: &Binding<'_>) -> Vec<u8> {
    let inner = seal_inner(ring, holder, key, binding.account, binding.version_uid);
    seal_outer(ring, &inner, binding)
}

fn opened(
    ring: &KeyRing,
    holder: Holder<'_>,
    envelope: &[u8],
    binding: &Binding<'_>,
) -> Result<VersionKey, Error> {
    let inner = open_outer(ring, envelope, binding)?;
    open_inner(ring, &inner, holder, binding.account, binding.version_uid)
}

#[test]
fn each_holder_opens_its_own() {
    let ring = KeyRing::generate();
    let customer = CustomerKey::generate();
    let key = VersionKey::generate();
    let managed = sealed(&ring, Holder::Ring, &key, &binding(Mode::Managed));
    let customers = sealed(&ring, Holder::Customer(&customer), &key, &binding(Mode::Customer));
    assert!(managed.len() < 300 && customers.len() < 300);

    assert_eq!(opened(&ring, Holder::Ring, &managed, &binding(Mode::Managed)).as_ref(), Ok(&key));
    let holder = Holder::Customer(&customer);
    assert_eq!(opened(&ring, holder, &customers, &binding(Mode::Customer)).as_ref(), Ok(&key));

    assert_eq!(opened(&ring, Holder::Ring, &customers, &binding(Mode::Customer)), Err(Error::WrongHolder));
    assert_eq!(opened(&ring, holder, &managed, &binding(Mode::Managed)), Err(Error::WrongHolder));
}

#[test]
fn another_customer_key_is_wrong() {
    let ring = KeyRing::generate();
    let right = CustomerKey::generate();
    let envelope = sealed(&ring, Holder::Customer(&right), &VersionKey::generate(), &binding(Mode::Customer));
    for at in 0..CustomerKey::LEN {
        let mut close = *right.expose();
        close[at] ^= 1;
        let close = CustomerKey::new(close);
        let result = opened(&ring, Holder::Customer(&close), &envelope, &binding(Mode::Customer));
        assert_eq!(result, Err(Error::WrongKey));
    }
}

#[test]
fn an_inner_envelope_belongs_to_its_account_and_version() {
    let ring = KeyRing::generate();
    let customer = CustomerKey::generate();
    let key = VersionKey::generate();
    for (holder, error) in
        [(Holder::Ring, Error::Tampered("inner envelope")), (Holder::Customer(&customer), Error::WrongKey)]
    {
        let inner = seal_inner(&ring, holder, &key, "account", &UID);
        assert_eq!(open_inner(&ring, &inner, holder, "account", &UID).as_ref(), Ok(&key));
        assert_eq!(open_inner(&ring, &inner, holder, "accounu", &UID), Err(error));
        assert_eq!(open_inner(&ring, &inner, holder, "account", &[6; 16]), Err(error));
    }
}

#[test]
fn every_field_is_bound() {
    let ring = KeyRing::generate();
    let right = binding(Mode::Customer);
    let envelope = sealed(&ring, Holder::Customer(&CustomerKey::generate()), &VersionKey::generate(), &right);
    assert!(open_outer(&ring, &envelope, &right).is_ok());

    for (field, wrong) in [
        ("account", Binding { account: "0123456789abcdee", ..right }),
        ("bucket", Binding { bucket: &[8; 16], ..right }),
        ("key", Binding { key: b"a/b", ..right }),
        ("version id", Binding { version_id: "nul", ..right }),
        ("version uid", Binding { version_uid: &[6; 16], ..right }),
        ("mode", Binding { mode: Mode::Managed, ..right }),
        ("total length", Binding { total_length: 251, ..right }),
        ("parts", Binding { parts: hash(&parts()[..2]), ..right }),
        // Bytes that move from one field to its neighbour.
        ("key and version id", Binding { key: b"a//bn", version_id: "ull", ..right }),
    ] {
        assert_eq!(open_outer(&ring, &envelope, &wrong), Err(TAMPERED), "{field}");
    }
}

#[test]
fn every_change_of_the_part_list_is_found() {
    let ring = KeyRing::generate();
    let right = binding(Mode::Managed);
    let envelope = sealed(&ring, Holder::Ring, &VersionKey::generate(), &right);
    let [a, b, c] = parts()[..] else { unreachable!() };
    for (change, list) in [
        ("none left", vec![]),
        ("first dropped", vec![b, c]),
        ("middle dropped", vec![a, c]),
        ("last dropped", vec![a, b]),
        ("repeated", vec![a, a, b, c]),
        ("replaced by a repeat", vec![a, b, b]),
        ("swapped", vec![b, a, c]),
        ("swapped, same blob", vec![c, b, a]),
        ("offset", vec![PartRef { offset: 1, ..a }, b, c]),
        ("length", vec![PartRef { length: 99, ..a }, b, c]),
        ("blob", vec![PartRef { blob_id: b.blob_id, ..a }, b, c]),
        ("wrapped key", vec![PartRef { wrapped_key: b.wrapped_key, ..a }, b, c]),
    ] {
        let wrong = Binding { parts: hash(&list), ..right };
        assert_eq!(open_outer(&ring, &envelope, &wrong), Err(TAMPERED), "{change}");
    }
}

#[test]
fn every_bit_of_an_envelope_counts() {
    let ring = KeyRing::generate();
    let right = binding(Mode::Managed);
    let envelope = sealed(&ring, Holder::Ring, &VersionKey::generate(), &right);
    for at in 0..envelope.len() {
        let mut flipped = envelope.clone();
        flipped[at] ^= 1 << (at % 8);
        let expected = match at {
            0 => Error::UnsupportedVersion,
            1..9 => Error::UnknownRingKey,
            _ => TAMPERED,
        };
        assert_eq!(open_outer(&ring, &flipped, &right), Err(expected), "byte {at}");
        assert!(open_outer(&ring, &envelope[..at], &right).is_err(), "cut at {at}");
    }
    assert_eq!(open_outer(&ring, &[&envelope[..], &[0]].concat(), &right), Err(TAMPERED));
}

#[test]
fn without_the_ring_nothing_opens() {
    let ring = KeyRing::generate();
    let customer = CustomerKey::generate();
    let right = binding(Mode::Customer);
    let envelope = sealed(&ring, Holder::Customer(&customer), &VersionKey::generate(), &right);
    assert_eq!(open_outer(&KeyRing::generate(), &envelope, &right), Err(Error::UnknownRingKey));

    // A ring that claims the same id.
    let toml = ring.to_toml();
    let forged = KeyRing::generate().to_toml();
    let secret = |toml: &str| toml.lines().find(|line| line.starts_with("secret")).unwrap().to_owned();
    let forged = KeyRing::from_toml(&toml.replace(&secret(&toml), &secret(&forged))).unwrap();
    assert_eq!(forged.active_id(), ring.active_id());
    assert_eq!(open_outer(&forged, &envelope, &right), Err(TAMPERED));
}

#[test]
fn a_reseal_needs_no_customer_key() {
    let ring = KeyRing::generate();
    let customer = CustomerKey::generate();
    let key = VersionKey::generate();
    let upload = Binding { parts: hash(&[]), total_length: 0, ..binding(Mode::Customer) };
    let envelope = sealed(&ring, Holder::Customer(&customer), &key, &upload);

    let complete = binding(Mode::Customer);
    let resealed = reseal_outer(&ring, &envelope, &upload, &complete).unwrap();
    assert_eq!(opened(&ring, Holder::Customer(&customer), &resealed, &complete).as_ref(), Ok(&key));
    assert_eq!(open_outer(&ring, &resealed, &upload), Err(TAMPERED));
    assert_eq!(reseal_outer(&ring, &envelope, &complete, &upload), Err(TAMPERED));
}

#[test]
fn rotation_of_the_ring_moves_envelopes_one_by_one() {
    let mut ring = KeyRing::generate();
    let right = binding(Mode::Managed);
    let key = VersionKey::generate();
    let old = sealed(&ring, Holder::Ring, &key, &right);

    let before = ring.clone();
    let standby = ring.add_standby("");
    ring.promote(standby).unwrap();
    assert_eq!(opened(&ring, Holder::Ring, &old, &right).as_ref(), Ok(&key));
    let new = reseal_outer(&ring, &old, &right, &right).unwrap();
    assert_eq!(new[1..9], *standby.as_bytes());
    assert_eq!(opened(&ring, Holder::Ring, &new, &right).as_ref(), Ok(&key));
    assert_eq!(open_outer(&before, &new, &right), Err(Error::UnknownRingKey));
}

#[test]
fn re_keying_moves_no_bytes() {
    // The same blob, its data key wrapped for a second version under another customer's key.
    let ring = KeyRing::generate();
    let data_key = DataKey::generate();
    let blob = [1; 24];
    let (old, new) = (VersionKey::generate(), VersionKey::generate());
    let wrapped = old.wrap(&[1; 16], &blob, &data_key);
    let rewrapped = new.wrap(&[2; 16], &blob, &old.unwrap(&[1; 16], &blob, &wrapped).unwrap());
    assert_eq!(new.unwrap(&[2; 16], &blob, &rewrapped).as_ref(), Ok(&data_key));

    let customer = CustomerKey::generate();
    let part = PartRef { blob_id: &blob, offset: 0, length: 9, wrapped_key: &rewrapped };
    let bound_to =
        Binding { version_uid: &[2; 16], total_length: 9, parts: hash(&[part]), ..binding(Mode::Customer) };
    let envelope = sealed(&ring, Holder::Customer(&customer), &new, &bound_to);
    assert_eq!(opened(&ring, Holder::Customer(&customer), &envelope, &bound_to).as_ref(), Ok(&new));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_open_nothing(bytes in prop::collection::vec(any::<u8>(), 0..220)) {
        let ring = KeyRing::generate();
        prop_assert!(open_outer(&ring, &bytes, &binding(Mode::Managed)).is_err());
        prop_assert!(ring.open_secret("p", b"c", &bytes).is_err());
        let key = VersionKey::generate();
        prop_assert!(key.unwrap(&UID, &[1; 24], &bytes).is_err());
        prop_assert!(key.open_facts(&UID, &bytes).is_err());
    }

    #[test]
    fn any_place_binds(account in ".{0,40}", key in prop::collection::vec(any::<u8>(), 0..1024), version_id in ".{0,40}", total_length: u64) {
        let ring = KeyRing::generate();
        let version_key = VersionKey::generate();
        let bound_to = Binding { account: &account, key: &key, version_id: &version_id, total_length, ..binding(Mode::Managed) };
        let envelope = sealed(&ring, Holder::Ring, &version_key, &bound_to);
        prop_assert_eq!(opened(&ring, Holder::Ring, &envelope, &bound_to), Ok(version_key));
    }

    #[test]
    fn key_rings_from_nonsense_are_errors(text in ".{0,200}") {
        prop_assert!(KeyRing::from_toml(&text).is_err());
        prop_assert!(KeyRing::import_sealed("p", &text).is_err());
        let _ = CustomerKey::from_base64(&text);
    }
}
