//! Every size and every range around a border, in body frames of any size.

use bytes::Bytes;
use cardea::http::body::Body;
use cardea::ops::{Limits, Precondition, WriteEncryption};
use proptest::prelude::*;

use super::world::{World, key, pattern};

const CHUNK: usize = 65_536;

fn framed(data: &[u8], frame: usize, declared: bool) -> Body {
    let frames: Vec<_> = data.chunks(frame.max(1)).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    Body {
        stream: Box::pin(futures_util::stream::iter(frames)),
        length: declared.then_some(data.len() as u64),
    }
}

/// Sizes around the inline limit, chunks, the reader's span and the writer's buffer.
fn sizes() -> Vec<usize> {
    let borders =
        [0, 16 * 1024 - 116, 16 * 1024, CHUNK, 2 * CHUNK, 8 * CHUNK, 16 * CHUNK, 17 * CHUNK, 40 * CHUNK];
    borders.iter().flat_map(|&b| [b.saturating_sub(1), b, b + 1]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_size_reads_back_in_both_modes() {
    for inline_bytes in [0, 16 * 1024] {
        let world = World::with(Limits { inline_bytes, ..Limits::default() }).await;
        for size in sizes() {
            let data = pattern(size);
            for (mode, frame) in [(0, 10_000), (1, 100_000), (1, 65_536)] {
                let (encryption, reading) = match mode {
                    0 => (WriteEncryption::Managed, None),
                    _ => (WriteEncryption::Customer(key(1)), Some(key(1))),
                };
                let body = framed(&data, frame, frame != 100_000);
                let put = world.put_with("object", body, encryption, Precondition::None).await.unwrap();
                assert_eq!(put.size, size as u64);
                assert_eq!(world.bytes("object", reading, 0..size as u64).await.unwrap(), data, "{size}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_around_every_border_are_read() {
    let world = World::new().await;
    let size = 20 * CHUNK + 77;
    let data = pattern(size);
    world.put("object", &data, WriteEncryption::Customer(key(1))).await.unwrap();
    let borders: Vec<usize> = [0, 1, CHUNK, 16 * CHUNK, 19 * CHUNK, 20 * CHUNK, size]
        .iter()
        .flat_map(|&b| [b.saturating_sub(1), b, (b + 1).min(size)])
        .collect();
    for &start in &borders {
        for &end in borders.iter().filter(|&&end| end >= start) {
            let read = world.bytes("object", Some(key(1)), start as u64..end as u64).await.unwrap();
            assert!(read == data[start..end], "{start}..{end}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_continue_without_read_ahead_budget() {
    let world = World::with(Limits { read_ahead_bytes: 0, ..Limits::default() }).await;
    let data = pattern(20 * CHUNK + 77);
    world.put("object", &data, WriteEncryption::Managed).await.unwrap();
    assert!(world.bytes("object", None, 0..data.len() as u64).await.unwrap() == data);
}

#[tokio::test]
async fn a_body_must_match_its_declared_length() {
    let world = World::new().await;
    for (declared, sent) in [(10, 9), (10, 11), (100_000, 99_999), (100_000, 100_001)] {
        let mut body = framed(&pattern(sent), 7_000, true);
        body.length = Some(declared);
        assert!(world.put_with("object", body, WriteEncryption::Managed, Precondition::None).await.is_err());
        assert!(world.get("object", None).await.is_err(), "nothing was stored");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_range_of_any_object_is_read(size in 0usize..400_000, frame in 1usize..200_000, cuts in prop::collection::vec((0usize..=400_000, 0usize..=400_000), 6)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let data = pattern(size);
            world.put_with("object", framed(&data, frame, false), WriteEncryption::Customer(key(3)), Precondition::None).await.unwrap();
            for (a, b) in cuts {
                let (a, b) = (a % (size + 1), b % (size + 1));
                let (start, end) = (a.min(b), a.max(b));
                let read = world.bytes("object", Some(key(3)), start as u64..end as u64).await.unwrap();
                assert!(read == data[start..end], "{start}..{end} of {size}");
            }
        });
    }
}
