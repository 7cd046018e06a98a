//! A sealed blob that was changed in any way does not open.

use cardea::encryption::layout::{CHUNK, HEADER_LEN, MAX_BLOB, TAG};
use cardea::encryption::{DataKey, Error};
use proptest::prelude::*;

use crate::{CIPHERS, open, pattern, seal};

const ID: [u8; 24] = [9; 24];
const SEALED_CHUNK: usize = CHUNK + TAG;

/// Fails unless neither cipher opens it.
fn refused(key: &DataKey, id: &[u8; 24], plain_len: usize, sealed: &[u8], what: &str) {
    for cipher in CIPHERS {
        let opened = open(cipher, key, id, plain_len as u64, sealed);
        assert!(opened.is_err(), "{what}: {cipher:?} opened it");
    }
}

/// The chunks of a sealed blob, in another order.
fn rearrange(sealed: &[u8], order: &[usize]) -> Vec<u8> {
    let chunks: Vec<&[u8]> = sealed[HEADER_LEN..].chunks(SEALED_CHUNK).collect();
    let mut bytes = sealed[..HEADER_LEN].to_vec();
    for &chunk in order {
        bytes.extend_from_slice(chunks[chunk]);
    }
    bytes
}

#[test]
fn every_bit_of_a_small_blob_counts() {
    let key = DataKey::generate();
    let sealed = seal(CIPHERS[0], &key, &ID, b"plain");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            // The ciphers do not differ here: one of them per bit.
            let opened = open(CIPHERS[bit % 2], &key, &ID, 5, &flipped);
            assert!(opened.is_err(), "byte {at} bit {bit}");
        }
    }
}

#[test]
fn damage_of_a_header_has_its_own_error() {
    let key = DataKey::generate();
    let sealed = seal(CIPHERS[0], &key, &ID, b"plain");
    for (at, error) in [
        (0, Error::Malformed("not a sealed blob")),
        (6, Error::UnsupportedVersion),
        (7, Error::UnsupportedVersion),
        (8, Error::UnsupportedVersion),
        (12, Error::Tampered("blob id")),
        (36, Error::Tampered("blob header or data key")),
        (68, Error::Tampered("blob header or data key")),
        (100, Error::Tampered("chunk")),
    ] {
        let mut flipped = sealed.clone();
        flipped[at] ^= 0x40;
        assert_eq!(open(CIPHERS[0], &key, &ID, 5, &flipped), Err(error), "byte {at}");
    }
}

#[test]
fn every_truncation_is_found() {
    let key = DataKey::generate();
    for plain in [&b""[..], b"plain"] {
        let sealed = seal(CIPHERS[0], &key, &ID, plain);
        for len in 0..sealed.len() {
            refused(&key, &ID, plain.len(), &sealed[..len], "truncated");
            // It does not open as a shorter blob either.
            refused(
                &key,
                &ID,
                len.saturating_sub(HEADER_LEN + TAG),
                &sealed[..len],
                "truncated, length as well",
            );
        }
    }
}

#[test]
fn a_blob_cut_between_chunks_is_not_a_shorter_blob() {
    let key = DataKey::generate();
    let sealed = seal(CIPHERS[0], &key, &ID, &pattern(2 * CHUNK));
    let cut = rearrange(&sealed, &[0]);
    refused(&key, &ID, 2 * CHUNK, &cut, "length kept");
    refused(&key, &ID, CHUNK, &cut, "length changed as well");
    refused(&key, &ID, 0, &sealed[..HEADER_LEN], "nothing left");
}

#[test]
fn chunks_have_their_order() {
    let key = DataKey::generate();
    let sealed = seal(CIPHERS[0], &key, &ID, &pattern(3 * CHUNK));
    for order in [[1, 0, 2], [0, 2, 1], [2, 1, 0], [0, 0, 2], [0, 1, 1], [1, 1, 2]] {
        refused(&key, &ID, 3 * CHUNK, &rearrange(&sealed, &order), "reordered");
    }
    refused(&key, &ID, 2 * CHUNK, &rearrange(&sealed, &[0, 2]), "dropped");
    refused(&key, &ID, 4 * CHUNK, &rearrange(&sealed, &[0, 1, 1, 2]), "repeated");
}

#[test]
fn chunks_stay_in_their_blob() {
    let key = DataKey::generate();
    let one = seal(CIPHERS[0], &key, &ID, b"plain");
    // The same key and id again: only the salt differs.
    let twin = seal(CIPHERS[0], &key, &ID, b"plain");
    refused(&key, &ID, 5, &[&one[..HEADER_LEN], &twin[HEADER_LEN..]].concat(), "a chunk of another blob");

    let other_id = [8; 24];
    let other = seal(CIPHERS[0], &key, &other_id, b"plain");
    refused(&key, &ID, 5, &other, "a blob under another's name");
    refused(&key, &other_id, 5, &one, "a blob under another's name");

    let mut renamed = one.clone();
    renamed[12..36].copy_from_slice(&other_id);
    refused(&key, &other_id, 5, &renamed, "a blob renamed");
}

#[test]
fn nothing_can_be_appended() {
    let key = DataKey::generate();
    let sealed = seal(CIPHERS[0], &key, &ID, b"plain");
    for extra in [1, TAG, 2 * TAG] {
        let longer = [&sealed[..], &vec![0; extra]].concat();
        refused(&key, &ID, 5, &longer, "appended");
        refused(&key, &ID, 5 + extra, &longer, "appended, length as well");
    }
}

#[test]
fn another_key_does_not_open_it() {
    let sealed = seal(CIPHERS[0], &DataKey::generate(), &ID, b"plain");
    for cipher in CIPHERS {
        let opened = open(cipher, &DataKey::generate(), &ID, 5, &sealed);
        assert_eq!(opened, Err(Error::Tampered("blob header or data key")));
    }
}

#[test]
fn another_length_does_not_open_it() {
    let key = DataKey::generate();
    for len in [0, 1, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        let sealed = seal(CIPHERS[0], &key, &ID, &pattern(len));
        let others = [
            0,
            1,
            len.wrapping_sub(1),
            len + 1,
            len + TAG,
            len.wrapping_sub(TAG),
            len + CHUNK,
            len.wrapping_sub(CHUNK),
        ];
        for other in others.into_iter().filter(|&other| other != len && other <= 4 * CHUNK) {
            refused(&key, &ID, other, &sealed, &format!("{len} as {other}"));
        }
        assert_eq!(open(CIPHERS[0], &key, &ID, MAX_BLOB + 1, &sealed), Err(Error::TooLarge));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bit_of_a_large_blob_counts(at in HEADER_LEN..HEADER_LEN + 2 * SEALED_CHUNK, bit in 0..8_u8) {
        let key = DataKey::new([4; 32]);
        let mut sealed = seal(CIPHERS[0], &key, &ID, &pattern(2 * CHUNK));
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(open(CIPHERS[0], &key, &ID, 2 * CHUNK as u64, &sealed), Err(Error::Tampered("chunk")));
    }

    #[test]
    fn random_bytes_are_no_blob(sealed in prop::collection::vec(any::<u8>(), 0..300), len in 0..300_u64) {
        for cipher in CIPHERS {
            prop_assert!(open(cipher, &DataKey::new([4; 32]), &ID, len, &sealed).is_err());
        }
    }
}
