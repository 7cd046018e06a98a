//! UploadPartCopy: parts taken from other objects. No byte moves.

use cardea::http::conditions::{EtagList, ReadConditions};
use cardea::model::{ChecksumAlgorithm, ChecksumKind, EncryptionMode};
use cardea::ops::{CompleteUpload, CopyPart, CopySource, Error, Limits, NamedPart, WriteEncryption};
use md5::{Digest, Md5};

use super::multipart_world::{
    MODES, Mode, checksum_of, chosen, complete, copy, list, named, part, small_parts, source,
};
use super::world::{World, key, pattern};

/// Ranges cross every border of a source of two large parts and one in the index.
#[tokio::test(flavor = "multi_thread")]
async fn ranges_over_every_border_are_copied_without_a_store_request() {
    let world = small_parts().await;
    let (first, second) = (300_000, 200_001);
    let data = pattern(first + second + 1000);
    let parts = [&data[..first], &data[first..first + second], &data[first + second..]];
    for from in MODES {
        world.upload("source", from, &parts).await;
        for to in MODES {
            let size = data.len();
            let borders = [0, 1, 65_536, first - 1, first, first + 1, first + second, size - 1];
            let ranges: Vec<_> = borders
                .iter()
                .flat_map(|&begin| borders.iter().map(move |&last| (begin, last)))
                .filter(|(begin, last)| begin <= last)
                .collect();
            let upload = world.begin("object", to).await;
            let counts = world.blobs.counts();
            let before = (counts.puts(), counts.gets());
            let (mut expected, mut sent) = (Vec::new(), Vec::new());
            for (number, &(begin, last)) in (1..).zip(&ranges) {
                let copy = CopyPart {
                    range: Some((begin as u64, last as u64)),
                    customer_key: to.key(),
                    ..copy(source("source", from.key()), "object", upload, number)
                };
                let outcome = world.run(copy).await.unwrap();
                assert_eq!((outcome.etag.len(), outcome.source_version), (32, None));
                sent.push(named(number, &outcome));
                expected.extend_from_slice(&data[begin..=last]);
            }
            let done = world.run(complete("object", upload, sent)).await.unwrap();
            assert_eq!((counts.puts(), counts.gets()), before, "store requests");
            assert_eq!(done.size, expected.len() as u64);
            assert!(world.whole("object", to.key()).await == expected, "{from:?} to {to:?}");
            world.assert_references_are_exact();
        }
    }
}

#[tokio::test]
async fn a_range_must_lie_in_the_source() {
    let world = small_parts().await;
    world.put("source", b"12345", WriteEncryption::Managed).await.unwrap();
    world.put("empty", b"", WriteEncryption::Managed).await.unwrap();
    let upload = world.begin("object", Mode::Managed).await;
    let run = |name, range| world.run(CopyPart { range, ..copy(source(name, None), "object", upload, 1) });
    for range in [(0, 5), (5, 5), (3, 2), (0, u64::MAX), (u64::MAX, u64::MAX), (9, 10)] {
        let outside = run("source", Some(range)).await;
        assert!(matches!(outside, Err(Error::RangeNotInSource { size: 5 })), "{range:?} {outside:?}");
    }
    assert!(matches!(run("empty", Some((0, 0))).await, Err(Error::RangeNotInSource { size: 0 })));
    let whole = run("empty", None).await.unwrap();
    world.run(complete("object", upload, vec![named(1, &whole)])).await.unwrap();
    assert_eq!(world.whole("object", None).await, b"");
}

#[tokio::test]
async fn a_copied_part_is_no_larger_than_a_sent_one() {
    let world = World::with(Limits { max_put: 5, min_part: 0, ..Limits::default() }).await;
    world.upload("source", Mode::Managed, &[b"123", b"456"]).await;
    let upload = world.begin("object", Mode::Managed).await;
    let run = |range| world.run(CopyPart { range, ..copy(source("source", None), "object", upload, 1) });
    assert!(matches!(run(None).await, Err(Error::TooLarge { limit: 5 })));
    run(Some((1, 5))).await.unwrap();
}

#[tokio::test]
async fn the_source_is_opened_with_its_own_key() {
    let world = small_parts().await;
    world.put("sealed", b"secret", WriteEncryption::Customer(key(2))).await.unwrap();
    world.put("managed", b"open", WriteEncryption::Managed).await.unwrap();
    for mode in MODES {
        let upload = world.begin("object", mode).await;
        let run = |from: CopySource| {
            world.run(CopyPart { customer_key: mode.key(), ..copy(from, "object", upload, 1) })
        };
        assert!(matches!(run(source("sealed", None)).await, Err(Error::KeyRequired)));
        assert!(matches!(run(source("sealed", Some(key(3)))).await, Err(Error::WrongSourceKey)));
        assert!(matches!(
            run(source("managed", Some(key(2)))).await,
            Err(Error::KeyNotApplicable { mode: EncryptionMode::Managed })
        ));
        assert!(matches!(run(source("missing", None)).await, Err(Error::NoSuchObject { .. })));
        let conditions = ReadConditions { if_match: Some(EtagList::parse("other")), ..Default::default() };
        let unmet = CopySource { conditions, ..source("managed", None) };
        assert!(matches!(run(unmet).await, Err(Error::PreconditionFailed)));
        let copied = run(source("sealed", Some(key(2)))).await.unwrap();
        world.run(complete("object", upload, vec![named(1, &copied)])).await.unwrap();
        assert_eq!(world.whole("object", mode.key()).await, b"secret");
    }
}

#[tokio::test]
async fn a_copied_part_has_the_md5_where_it_is_known() {
    let world = small_parts().await;
    world.put("source", b"hello", WriteEncryption::Managed).await.unwrap();
    let md5 = hex::encode(Md5::digest(b"hello"));
    for mode in MODES {
        let upload = world.begin("object", mode).await;
        let run = |range| {
            let copy = copy(source("source", None), "object", upload, 1);
            world.run(CopyPart { range, customer_key: mode.key(), ..copy })
        };
        for range in [None, Some((0, 4)), Some((0, 3))] {
            let outcome = run(range).await.unwrap();
            let known = mode == Mode::Managed && range != Some((0, 3));
            assert_eq!(outcome.etag == md5, known, "{mode:?} {range:?}");
            assert_eq!((outcome.etag.len(), outcome.checksums), (32, vec![]));
        }
        let sent = vec![named(1, &run(None).await.unwrap())];
        let whole = world.run(complete("object", upload, sent)).await.unwrap();
        let expected = format!("{}-1", hex::encode(Md5::digest(Md5::digest(b"hello"))));
        assert_eq!(whole.etag == expected, mode == Mode::Managed);
    }
}

/// A chosen checksum is computed from the bytes. The default one is the source's, or none.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_part_has_the_checksum_of_its_upload() {
    let world = small_parts().await;
    let data = pattern(400_000);
    world.put("source", &data, WriteEncryption::Managed).await.unwrap();
    let sha = ChecksumAlgorithm::Sha256;
    for mode in MODES {
        for range in [None, Some((100, 399_998))] {
            let choice = Some(chosen(sha, ChecksumKind::Composite));
            let upload = world.create("object", mode.encryption(), choice).await.unwrap().upload;
            let from = copy(source("source", None), "object", upload, 1);
            let outcome = world.run(CopyPart { range, customer_key: mode.key(), ..from }).await.unwrap();
            let bytes = if range.is_some() { &data[100..399_999] } else { &data[..] };
            let expected = checksum_of(sha, bytes);
            assert_eq!(outcome.checksums, std::slice::from_ref(&expected));
            let sent = NamedPart { checksums: outcome.checksums.clone(), ..named(1, &outcome) };
            let done = complete("object", upload, vec![sent]);
            let done = world.run(CompleteUpload { customer_key: mode.key(), ..done }).await.unwrap();
            assert_eq!(done.checksums[0].value, checksum_of(sha, &expected.value).value);
        }
    }
    let crc64 = ChecksumAlgorithm::Crc64Nvme;
    for (range, known) in [(None, true), (Some((0, 399_999)), true), (Some((0, 399_998)), false)] {
        let upload = world.begin("object", Mode::Managed).await;
        let from = copy(source("source", None), "object", upload, 1);
        let copied = world.run(CopyPart { range, ..from }).await.unwrap();
        let sent = world.run(part("object", upload, 2, b"and more")).await.unwrap();
        let parts = vec![named(1, &copied), named(2, &sent)];
        let done = world.run(complete("object", upload, parts)).await.unwrap();
        let whole = [&data[..], b"and more"].concat();
        let expected = known.then(|| checksum_of(crc64, &whole));
        assert_eq!(done.checksums, expected.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_part_outlives_its_source() {
    let world = World::with(Limits { inline_bytes: 0, min_part: 0, ..Limits::default() }).await;
    let data = pattern(100_000);
    world.put("source", &data, WriteEncryption::Customer(key(2))).await.unwrap();
    let upload = world.begin("object", Mode::Customer).await;
    let from = copy(source("source", Some(key(2))), "object", upload, 1);
    let copied = world.run(CopyPart { customer_key: Some(key(1)), ..from }).await.unwrap();
    world.put("source", b"another", WriteEncryption::Managed).await.unwrap();
    world.assert_references_are_exact();
    assert_eq!(world.run(list("object", upload)).await.unwrap().parts[0].size, 100_000);
    world.run(complete("object", upload, vec![named(1, &copied)])).await.unwrap();
    assert!(world.whole("object", Some(key(1))).await == data);
    assert_eq!(world.whole("source", None).await, b"another");
}
