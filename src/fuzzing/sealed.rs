//! Sealed bytes in the store and in the index, which a thief may have changed.

use std::sync::LazyLock;

use crate::encryption::layout::{CHUNK, HEADER_LEN, TAG, plain_len, sealed_len, span};
use crate::encryption::{
    Binding, Cipher, CustomerKey, DataKey, Holder, KeyRing, Mode, Opener, PartBinding, Sealer, VersionKey,
    hash_parts, open_inner, open_outer, open_part, seal_inner, seal_outer,
};

const BLOB: [u8; 24] = [7; 24];
const UID: [u8; 16] = [5; 16];

static RING: LazyLock<KeyRing> = LazyLock::new(KeyRing::generate);

/// A way to damage sealed bytes: flip bits at a place, or cut off the end.
struct Damage {
    at: usize,
    bits: u8,
    cut: bool,
}

impl Damage {
    /// The first four bytes of the input describe the damage; the rest is the plaintext.
    fn read(data: &[u8]) -> Option<(Self, &[u8])> {
        let ([high, low, bits, cut], plain) = data.split_first_chunk()?;
        let at = usize::from(u16::from_be_bytes([*high, *low]));
        Some((Self { at, bits: (*bits).max(1), cut: cut % 2 == 1 }, plain))
    }

    fn to(&self, sealed: &[u8]) -> Vec<u8> {
        let mut spoilt = sealed.to_vec();
        let at = self.at % spoilt.len();
        if self.cut {
            spoilt.truncate(at);
        } else {
            spoilt[at] ^= self.bits;
        }
        spoilt
    }
}

/// A blob opens if it was sealed, and does not open if it was damaged or never sealed.
pub(super) fn blob(data: &[u8]) {
    let key = DataKey::new([9; 32]);
    assert!(open_blob(&key, data, data.len() as u64).is_none(), "nobody sealed that");
    let Some((damage, plain)) = Damage::read(data) else { return };
    let sealed = seal_blob(&key, plain);
    assert_eq!(sealed.len() as u64, sealed_len(plain.len() as u64));
    assert_eq!(plain_len(sealed.len() as u64), Some(plain.len() as u64));
    assert_eq!(open_blob(&key, &sealed, plain.len() as u64).as_deref(), Some(plain));
    let spoilt = damage.to(&sealed);
    assert!(open_blob(&key, &spoilt, plain.len() as u64).is_none(), "damage went unseen");
    // It does not open with another length either.
    if let Some(length) = plain_len(spoilt.len() as u64) {
        assert!(open_blob(&key, &spoilt, length).is_none(), "damage went unseen");
    }
    let length = u64::from(damage.bits) << (damage.at % 64);
    let part = span(length, damage.at as u64..u64::from(damage.bits) * 1_000_003);
    assert!(part.take <= length && part.sealed.start <= part.sealed.end);
}

fn seal_blob(key: &DataKey, plain: &[u8]) -> Vec<u8> {
    let mut writer = Sealer::new(Cipher::AwsLc, key, &BLOB);
    let mut sealed = writer.header().to_vec();
    let mut chunks = plain.chunks(CHUNK).peekable();
    loop {
        let mut chunk = chunks.next().unwrap_or_default().to_vec();
        let last = chunks.peek().is_none();
        let tag = writer.seal_chunk(&mut chunk, last).expect("a chunk in order");
        sealed.extend_from_slice(&chunk);
        sealed.extend_from_slice(&tag);
        if last {
            return sealed;
        }
    }
}

fn open_blob(key: &DataKey, sealed: &[u8], length: u64) -> Option<Vec<u8>> {
    let (header, chunks) = sealed.split_at_checked(HEADER_LEN)?;
    let opener = Opener::new(Cipher::AwsLc, key, &BLOB, header, length).ok()?;
    if sealed.len() as u64 != sealed_len(length) {
        return None;
    }
    let mut plain = Vec::new();
    for (index, chunk) in (0..).zip(chunks.chunks(CHUNK + TAG)) {
        let mut chunk = chunk.to_vec();
        let length = opener.open_chunk(index, &mut chunk).ok()?;
        plain.extend_from_slice(&chunk[..length]);
    }
    Some(plain)
}

/// An envelope, for both holders of keys, and the sealed facts of a part of an upload.
pub(super) fn envelope(data: &[u8]) {
    let customer = CustomerKey::new([3; 32]);
    let place = PartBinding { account: "a", bucket: &[1; 16], key: b"k", number: 1, length: 1 };
    assert!(open_part(&RING, &place, data).is_err(), "nobody sealed that");
    let (damage, name) = Damage::read(data).unwrap_or((Damage { at: 0, bits: 1, cut: true }, data));
    for (holder, mode) in [(Holder::Ring, Mode::Managed), (Holder::Customer(&customer), Mode::Customer)] {
        let binding = Binding {
            account: "a",
            bucket: &[1; 16],
            key: name,
            version_id: "null",
            version_uid: &UID,
            mode,
            total_length: name.len() as u64,
            parts: hash_parts(std::iter::empty()),
        };
        assert!(open_outer(&RING, data, &binding).is_err(), "nobody sealed that");
        let key = VersionKey::generate();
        let inner = seal_inner(&RING, holder, &key, binding.account, &UID);
        let sealed = seal_outer(&RING, &inner, &binding);
        let opened = open_outer(&RING, &sealed, &binding).expect("what was sealed");
        assert!(open_inner(&RING, &opened, holder, binding.account, &UID).expect("what was sealed") == key);
        assert!(open_outer(&RING, &damage.to(&sealed), &binding).is_err(), "damage went unseen");
        let elsewhere = Binding { total_length: binding.total_length + 1, ..binding };
        assert!(open_outer(&RING, &sealed, &elsewhere).is_err(), "it opened elsewhere");
    }
}
