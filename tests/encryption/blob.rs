//! Sealed blobs: every size opens to what was sealed, from any place in it, with either cipher.

use std::ops::Range;

use cardea::encryption::layout::{
    CHUNK, HEADER_LEN, MAX_BLOB, TAG, chunk_count, plain_len, sealed_len, span,
};
use cardea::encryption::{DataKey, Opener};
use proptest::prelude::*;

use super::reference;
use crate::{CIPHERS, open, pattern, seal};

const ID: [u8; 24] = *b"writerid0123456789abcdef";

/// Sizes around every boundary of a blob of up to three chunks and a bit.
fn sizes() -> impl Iterator<Item = usize> {
    let around = (1..=3).flat_map(|k| [k * CHUNK - 1, k * CHUNK, k * CHUNK + 1]);
    [0, 1, 2].into_iter().chain(around)
}

#[test]
fn every_size_opens_with_either_cipher() {
    let key = DataKey::generate();
    for size in sizes() {
        let plain = pattern(size);
        // One seals, the other opens.
        for (sealing, opening) in [(CIPHERS[0], CIPHERS[1]), (CIPHERS[1], CIPHERS[0])] {
            let sealed = seal(sealing, &key, &ID, &plain);
            assert_eq!(sealed.len() as u64, sealed_len(size as u64), "{size}");
            assert_eq!(open(opening, &key, &ID, size as u64, &sealed).as_ref(), Ok(&plain), "{size}");
        }
    }
}

#[test]
fn both_ciphers_give_the_documented_bytes() {
    for size in [0, 1, 15, 16, 17, CHUNK, CHUNK + 1] {
        let plain = pattern(size);
        for cipher in CIPHERS {
            let sealed = seal(cipher, &DataKey::new([3; 32]), &ID, &plain);
            let salt = sealed[36..68].try_into().unwrap();
            // Not `assert_eq`: nobody wants to read 64 KiB.
            assert!(sealed == reference::blob(&[3; 32], &ID, &salt, &plain), "{cipher:?} {size}");
        }
    }
}

#[test]
fn the_same_plaintext_never_seals_alike() {
    let key = DataKey::generate();
    let one = seal(CIPHERS[0], &key, &ID, b"plain");
    let other = seal(CIPHERS[0], &key, &ID, b"plain");
    assert_ne!(one[36..68], other[36..68], "the salts differ");
    assert_ne!(one[HEADER_LEN..], other[HEADER_LEN..]);
}

#[test]
fn any_range_opens_alone() {
    let key = DataKey::generate();
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7] {
        let plain = pattern(size);
        let sealed = seal(CIPHERS[0], &key, &ID, &plain);
        let opener = Opener::new(CIPHERS[0], &key, &ID, &sealed[..HEADER_LEN], size as u64).unwrap();
        for range in boundary_ranges(size as u64) {
            let wanted = &plain[index(range.start)..index(range.end)];
            assert!(read(&opener, &sealed, size as u64, range.clone()) == wanted, "{size} {range:?}");
        }
    }
}

#[test]
fn a_span_is_what_a_walk_over_the_chunks_finds() {
    for size in sizes().chain([5 * CHUNK - 1, 5 * CHUNK, 5 * CHUNK + 1]) {
        for range in boundary_ranges(size as u64) {
            check_span(size as u64, range);
        }
    }
}

#[test]
fn spans_reach_the_largest_blob() {
    let span = span(MAX_BLOB, MAX_BLOB - 1..MAX_BLOB);
    assert_eq!(span.first_chunk, chunk_count(MAX_BLOB) - 1);
    assert_eq!((span.chunks, span.skip, span.take), (1, CHUNK - 1, 1));
    assert_eq!(span.sealed.end, sealed_len(MAX_BLOB));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_random_span_is_what_a_walk_finds(size in 0..400_000_u64, a in 0..400_000_u64, b in 0..400_000_u64) {
        check_span(size, a.min(b).min(size)..a.max(b).min(size));
    }

    #[test]
    fn only_blobs_have_a_blob_s_size(sealed in 0..300_000_u64) {
        match plain_len(sealed) {
            Some(plain) => prop_assert_eq!(sealed_len(plain), sealed),
            None => prop_assert!((0..=sealed).rev().take(100_000).all(|plain| sealed_len(plain) != sealed)),
        }
    }

    #[test]
    fn spans_of_nonsense_do_not_panic(size: u64, start: u64, end: u64) {
        let span = span(size, start..end);
        prop_assert!(span.take <= size);
        prop_assert!(span.skip < CHUNK);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_random_blob_opens_at_a_random_range(plain in prop::collection::vec(any::<u8>(), 0..1000), pad in 0..150_000_usize, cut: (u64, u64)) {
        let plain = [plain, pattern(pad)].concat();
        let size = plain.len() as u64;
        let (a, b) = (cut.0 % (size + 1), cut.1 % (size + 1));
        let range = a.min(b)..a.max(b);
        let key = DataKey::generate();
        let sealed = seal(CIPHERS[1], &key, &ID, &plain);
        let opener = Opener::new(CIPHERS[0], &key, &ID, &sealed[..HEADER_LEN], size).unwrap();
        prop_assert!(read(&opener, &sealed, size, range.clone()) == plain[index(range.start)..index(range.end)]);
    }
}

/// All ranges between places at and next to the chunks' borders.
fn boundary_ranges(size: u64) -> Vec<Range<u64>> {
    let borders = (0..chunk_count(size)).map(|chunk| chunk * CHUNK as u64).chain([size]);
    let mut places: Vec<u64> =
        borders.flat_map(|at| [at.saturating_sub(1), at, at + 1]).filter(|&at| at <= size).collect();
    places.sort_unstable();
    places.dedup();
    let pairs = places.iter().flat_map(|&start| places.iter().map(move |&end| start..end));
    pairs.filter(|range| range.start <= range.end).collect()
}

/// Reads a range as the gateway does: the span's bytes at once, then chunk by chunk.
fn read(opener: &Opener, sealed: &[u8], size: u64, range: Range<u64>) -> Vec<u8> {
    let span = span(size, range);
    let mut bytes = sealed[index(span.sealed.start)..index(span.sealed.end)].to_vec();
    let mut plain = Vec::new();
    for (chunk, sealed) in (span.first_chunk..).zip(bytes.chunks_mut(CHUNK + TAG)) {
        let len = opener.open_chunk(chunk, sealed).unwrap();
        plain.extend_from_slice(&sealed[..len]);
    }
    plain.drain(..span.skip);
    plain.truncate(index(span.take));
    plain
}

/// Compares a span with a model that walks over the chunks one by one.
fn check_span(size: u64, range: Range<u64>) {
    let mut sealed_at = HEADER_LEN as u64;
    let mut touched: Vec<(u64, Range<u64>)> = Vec::new();
    for chunk in 0..chunk_count(size) {
        let plain = chunk * CHUNK as u64..((chunk + 1) * CHUNK as u64).min(size);
        let sealed = sealed_at..sealed_at + (plain.end - plain.start) + TAG as u64;
        sealed_at = sealed.end;
        let overlaps = plain.start < range.end && range.start < plain.end && !range.is_empty();
        if overlaps || size == 0 {
            touched.push((chunk, sealed));
        }
    }
    assert_eq!(sealed_at, sealed_len(size), "{size}");

    let span = span(size, range.clone());
    assert_eq!(span.take, range.end - range.start, "{size} {range:?}");
    assert_eq!(span.chunks, touched.len() as u64, "{size} {range:?}");
    if let (Some(first), Some(last)) = (touched.first(), touched.last()) {
        assert_eq!(span.first_chunk, first.0, "{size} {range:?}");
        assert_eq!(span.sealed, first.1.start..last.1.end, "{size} {range:?}");
        assert_eq!(first.0 * CHUNK as u64 + span.skip as u64, range.start, "{size} {range:?}");
    } else {
        assert!(span.sealed.is_empty(), "{size} {range:?}");
    }
}

fn index(at: u64) -> usize {
    at.try_into().unwrap()
}
