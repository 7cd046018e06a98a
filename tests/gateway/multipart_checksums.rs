//! Checksums of multipart uploads: computed, verified, compared and combined.

use cardea::model::{ChecksumAlgorithm, ChecksumKind, StoredChecksum};
use cardea::ops::{
    ChecksumRequest, CompleteUpload, Error, ExpectedChecksum, NamedPart, PutOutcome, UploadChecksum,
    UploadPart,
};
use md5::{Digest, Md5};

use super::multipart_world::{
    MODES, Mode, checksum_of, chosen, complete, expect, list, named, part, small_parts,
};
use super::world::{World, key};

const PARTS: [&[u8]; 3] = [b"the first", b"", b"and the last"];
const WHOLE: &[u8] = b"the firstand the last";

/// Every algorithm with each kind that it allows.
const KINDS: [(ChecksumAlgorithm, ChecksumKind); 7] = [
    (ChecksumAlgorithm::Crc32, ChecksumKind::Composite),
    (ChecksumAlgorithm::Crc32, ChecksumKind::FullObject),
    (ChecksumAlgorithm::Crc32c, ChecksumKind::Composite),
    (ChecksumAlgorithm::Crc32c, ChecksumKind::FullObject),
    (ChecksumAlgorithm::Crc64Nvme, ChecksumKind::FullObject),
    (ChecksumAlgorithm::Sha1, ChecksumKind::Composite),
    (ChecksumAlgorithm::Sha256, ChecksumKind::Composite),
];

fn whole(algorithm: ChecksumAlgorithm, kind: ChecksumKind) -> StoredChecksum {
    let over = match kind {
        ChecksumKind::FullObject => WHOLE.to_vec(),
        ChecksumKind::Composite => PARTS.iter().flat_map(|part| checksum_of(algorithm, part).value).collect(),
    };
    StoredChecksum { kind, ..checksum_of(algorithm, &over) }
}

/// Sends the parts with their checksums, as the SDKs do.
async fn send(
    world: &World,
    mode: Mode,
    algorithm: ChecksumAlgorithm,
    checksum: Option<UploadChecksum>,
) -> CompleteUpload {
    let upload = world.create("object", mode.encryption(), checksum).await.unwrap().upload;
    let mut sent = Vec::new();
    for (number, data) in (1..).zip(PARTS) {
        let part = UploadPart {
            customer_key: mode.key(),
            checksums: vec![expect(algorithm, data)],
            ..part("object", upload, number, data)
        };
        let outcome = world.run(part).await.unwrap();
        assert_eq!(outcome.checksums, [checksum_of(algorithm, data)], "the sent checksum is returned");
        sent.push(NamedPart { checksums: outcome.checksums.clone(), ..named(number, &outcome) });
    }
    CompleteUpload { customer_key: mode.key(), ..complete("object", upload, sent) }
}

fn again(of: &CompleteUpload, change: impl FnOnce(&mut CompleteUpload)) -> CompleteUpload {
    let mut changed = complete("object", of.upload, of.parts.clone());
    changed.customer_key = Some(key(1)).filter(|_| of.customer_key.is_some());
    change(&mut changed);
    changed
}

#[tokio::test]
async fn every_algorithm_and_kind_works_in_both_modes() {
    let world = small_parts().await;
    for (algorithm, kind) in KINDS {
        for mode in MODES {
            let ready = send(&world, mode, algorithm, Some(chosen(algorithm, kind))).await;
            let expected = whole(algorithm, kind);
            let wrong = StoredChecksum { value: vec![7; algorithm.length()], ..expected.clone() };
            let refused = world.run(again(&ready, |complete| complete.expected_checksum = Some(wrong))).await;
            assert!(matches!(refused, Err(Error::ChecksumMismatch { .. })), "{refused:?}");
            let right = again(&ready, |complete| complete.expected_checksum = Some(expected.clone()));
            let outcome: PutOutcome = world.run(right).await.unwrap();
            assert_eq!(outcome.checksums, std::slice::from_ref(&expected), "{algorithm} {kind:?} {mode:?}");
            let info = world.get("object", mode.key()).await.unwrap().info;
            assert_eq!(info.digests.checksums, [expected]);
            assert_eq!(world.whole("object", mode.key()).await, WHOLE);
        }
    }
}

#[tokio::test]
async fn the_default_checksum_depends_on_the_mode() {
    let world = small_parts().await;
    let crc64 = ChecksumAlgorithm::Crc64Nvme;
    // SSE-S3 keeps CRC64NVME, whatever checksum came with the parts. It is shown only for the whole.
    for sent_with in ChecksumAlgorithm::ALL {
        let mut ready = send(&world, Mode::Managed, sent_with, None).await;
        let listing = world.run(list("object", ready.upload)).await.unwrap();
        let checksum = UploadChecksum { algorithm: crc64, kind: ChecksumKind::FullObject, chosen: false };
        assert_eq!(listing.checksum, Some(checksum));
        if sent_with != crc64 {
            let refused = world.run(again(&ready, |_| {})).await;
            assert!(matches!(refused, Err(Error::InvalidPart { number: 1 })), "{refused:?}");
            for part in &mut ready.parts {
                part.checksums.clear();
            }
        }
        let other = whole(ChecksumAlgorithm::Crc32, ChecksumKind::FullObject);
        let refused = world.run(again(&ready, |complete| complete.expected_checksum = Some(other))).await;
        assert!(matches!(refused, Err(Error::PartChecksumDiffers { .. })), "{refused:?}");
        assert_eq!(world.run(ready).await.unwrap().checksums, [whole(crc64, ChecksumKind::FullObject)]);
    }
    // SSE-C keeps no checksum.
    let mut ready = send(&world, Mode::Customer, ChecksumAlgorithm::Crc32, None).await;
    let named = world.run(again(&ready, |_| {})).await;
    assert!(matches!(named, Err(Error::InvalidPart { number: 1 })));
    for part in &mut ready.parts {
        part.checksums.clear();
    }
    let expected = whole(ChecksumAlgorithm::Crc32, ChecksumKind::FullObject);
    let refused = world.run(again(&ready, |complete| complete.expected_checksum = Some(expected))).await;
    assert!(matches!(refused, Err(Error::PartChecksumDiffers { expected: None, .. })));
    assert_eq!(world.run(ready).await.unwrap().checksums, []);
    assert_eq!(world.get("object", Mode::Customer.key()).await.unwrap().info.digests.checksums, []);
}

#[tokio::test]
async fn the_checksum_of_a_part_is_verified() {
    let world = small_parts().await;
    let (chosen_one, other) = (ChecksumAlgorithm::Sha1, ChecksumAlgorithm::Crc32);
    for mode in MODES {
        for checksum in [None, Some(chosen(chosen_one, ChecksumKind::Composite))] {
            let upload = world.create("object", mode.encryption(), checksum).await.unwrap().upload;
            let send = |checksums| UploadPart {
                customer_key: mode.key(),
                checksums,
                ..part("object", upload, 1, b"data")
            };
            let wrong = world.run(send(vec![expect(chosen_one, b"other data")])).await;
            assert!(matches!(wrong, Err(Error::ChecksumMismatch { .. })));
            let trailer = std::sync::Arc::new(std::sync::OnceLock::new());
            let expected = ExpectedChecksum::Trailer(trailer.clone());
            let missing = vec![ChecksumRequest { algorithm: chosen_one, expected: expected.clone() }];
            assert!(matches!(world.run(send(missing.clone())).await, Err(Error::ChecksumMismatch { .. })));
            trailer.set(checksum_of(chosen_one, b"data").value).unwrap();
            assert_eq!(world.run(send(missing)).await.unwrap().checksums, [checksum_of(chosen_one, b"data")]);
            let md5 = UploadPart { expected_md5: Some([1; 16]), ..send(vec![]) };
            assert!(matches!(world.run(md5).await, Err(Error::Md5Mismatch { .. })));
            let md5 = UploadPart { expected_md5: Some(Md5::digest(b"data").into()), ..send(vec![]) };
            world.run(md5).await.unwrap();

            let another = world.run(send(vec![expect(other, b"data")])).await;
            match checksum {
                None => assert_eq!(another.unwrap().checksums, [checksum_of(other, b"data")]),
                Some(_) => match another {
                    Err(Error::PartChecksumDiffers { expected, found }) => {
                        assert_eq!((expected, found), (Some(chosen_one), Some(other)));
                    }
                    other => panic!("{other:?}"),
                },
            }
            // The client sent none, so it is computed if one was chosen.
            let computed = world.run(send(vec![])).await.unwrap().checksums;
            let expected = checksum.map(|_| checksum_of(chosen_one, b"data"));
            assert_eq!(computed, expected.into_iter().collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn named_checksums_must_match() {
    let world = small_parts().await;
    let algorithm = ChecksumAlgorithm::Crc32;
    for kind in [ChecksumKind::Composite, ChecksumKind::FullObject] {
        for mode in MODES {
            let ready = send(&world, mode, algorithm, Some(chosen(algorithm, kind))).await;
            let wrong = again(&ready, |complete| complete.parts[1].checksums[0].value[0] ^= 1);
            assert!(matches!(world.run(wrong).await, Err(Error::InvalidPart { number: 2 })));
            let other = again(&ready, |complete| {
                complete.parts[2].checksums = vec![checksum_of(ChecksumAlgorithm::Crc32c, PARTS[2])];
            });
            assert!(matches!(world.run(other).await, Err(Error::InvalidPart { number: 3 })));
            let gap = world.run(again(&ready, |complete| drop(complete.parts.remove(1)))).await;
            let unnamed = world.run(again(&ready, |complete| complete.parts[0].checksums.clear())).await;
            match kind {
                ChecksumKind::Composite => {
                    assert!(matches!(gap, Err(Error::InvalidPartOrder)));
                    let missing = Error::PartChecksumMissing { number: 1, algorithm };
                    assert_eq!(unnamed.unwrap_err().to_string(), missing.to_string());
                }
                // The upload is gone: the last answer is that of the first request.
                ChecksumKind::FullObject => {
                    assert_eq!(gap.unwrap().etag, unnamed.unwrap().etag);
                }
            }
        }
    }
}
