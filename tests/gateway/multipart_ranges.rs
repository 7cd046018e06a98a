//! Any parts, any ranges over them, and any part by its number read as one plain string of bytes.

use cardea::ops::{CopyPart, Limits, UploadPart};
use proptest::prelude::*;

use super::multipart_world::{MODES, complete, copy, named, part, source};
use super::world::{World, collect, pattern};

/// A part: sent with this many bytes, or copied from a range of the source.
#[derive(Clone, Debug)]
enum Piece {
    Sent(usize),
    Copied(usize, usize),
}

/// The plaintext size of the source, which is itself made of parts.
const SOURCE: usize = 150_000;

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (0_usize..3).prop_map(Piece::Sent),
        (0_usize..200_000).prop_map(Piece::Sent),
        (0..SOURCE, 0..SOURCE).prop_map(|(a, b)| Piece::Copied(a.min(b), a.max(b))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn ranges_read_as_the_plain_concatenation(
        pieces in prop::collection::vec(piece(), 1..7),
        mode in 0_usize..2,
        from in 0_usize..2,
        inline in any::<bool>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 8),
    ) {
        let (mode, from) = (MODES[mode], MODES[from]);
        let inline_bytes = if inline { 16 * 1024 } else { 0 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::with(Limits { min_part: 0, inline_bytes, ..Limits::default() }).await;
            let original = pattern(SOURCE);
            world.upload("source", from, &[&original[..70_000], &original[70_000..70_010], &original[70_010..]]).await;
            let upload = world.begin("object", mode).await;
            let (mut expected, mut sent, mut spans) = (Vec::new(), Vec::new(), Vec::new());
            for (number, piece) in (1_u32..).zip(&pieces) {
                let begin = expected.len();
                let outcome = match *piece {
                    Piece::Sent(size) => {
                        let data = pattern(size + number as usize)[number as usize..].to_vec();
                        expected.extend_from_slice(&data);
                        let part = part("object", upload, number, &data);
                        world.run(UploadPart { customer_key: mode.key(), ..part }).await
                    }
                    Piece::Copied(first, last) => {
                        expected.extend_from_slice(&original[first..=last]);
                        let range = Some((first as u64, last as u64));
                        let copied = copy(source("source", from.key()), "object", upload, number);
                        world.run(CopyPart { range, customer_key: mode.key(), ..copied }).await
                    }
                };
                sent.push(named(number, &outcome.unwrap()));
                spans.push(begin..expected.len());
            }
            let done = world.run(complete("object", upload, sent)).await.unwrap();
            assert_eq!(done.size, expected.len() as u64);
            // Random ranges, and every border of the parts with its neighbours.
            let size = expected.len();
            let mut borders: Vec<usize> = cuts.iter().flat_map(|(a, b)| [a.index(size + 1), b.index(size + 1)]).collect();
            borders.extend(spans.iter().flat_map(|span| [span.start, (span.start + 1).min(size), span.end]));
            let reader = world.get("object", mode.key()).await.unwrap().reader.unwrap();
            for pair in borders.windows(2) {
                let (start, end) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
                let body = reader.open(start as u64..end as u64).await.unwrap();
                assert!(collect(body).await.unwrap() == expected[start..end], "{start}..{end} of {size}");
            }
            for (number, span) in (1..).zip(spans) {
                let found = world.get_part("object", mode.key(), number).await.unwrap().part.unwrap().range;
                assert_eq!(found, span.start as u64..span.end as u64);
            }
            world.assert_references_are_exact();
        });
    }
}
