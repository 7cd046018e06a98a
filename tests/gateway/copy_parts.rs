//! Copies of objects made of parts, and of versions: the references are exact, and no byte moves.

use cardea::http::conditions::{EtagList, ReadConditions};
use cardea::http::range::RangeSpec;
use cardea::model::{ChecksumAlgorithm, ChecksumKind, VersionId};
use cardea::ops::{
    CopyMetadata, CopyObject, CopySource, Error, Face, NamedPart, Precondition, UploadPart, Versioning,
    WriteEncryption,
};

use super::multipart_world::{
    Mode, checksum_of, chosen, complete, expect, name, named, part, small_parts, source,
};
use super::world::{World, bucket, key, pattern};

const PART: usize = 70_000;
const PARTS: usize = 25;

fn copy(source: CopySource, to: &str, encryption: WriteEncryption) -> CopyObject {
    CopyObject {
        source,
        range: None,
        bucket: bucket(),
        key: name(to),
        encryption,
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: true,
    }
}

fn requests(world: &World) -> (u64, u64) {
    (world.blobs.counts().gets(), world.blobs.counts().puts())
}

#[tokio::test]
async fn an_object_of_parts_is_copied_to_another_key() {
    for mode in [Mode::Managed, Mode::Customer] {
        let world = small_parts().await;
        let data = pattern(PART * PARTS);
        let parts: Vec<_> = data.chunks(PART).collect();
        world.upload("o", mode, &parts).await;
        let before = requests(&world);
        for (to, encryption) in [
            ("plain", WriteEncryption::Managed),
            ("keyed", WriteEncryption::Customer(key(2))),
            ("o", WriteEncryption::Customer(key(3))),
        ] {
            let copied = world.run(copy(source("o", mode.key()), to, encryption)).await.unwrap();
            assert_eq!(copied.size, data.len() as u64);
            assert!(!copied.etag.ends_with("-25"), "the copy has no parts: {}", copied.etag);
        }
        let middle = RangeSpec::FromTo(PART as u64 - 5, Some(3 * PART as u64));
        let range = CopyObject {
            range: Some(middle),
            ..copy(source("o", Some(key(3))), "range", WriteEncryption::Managed)
        };
        world.run(range).await.unwrap();
        assert_eq!(requests(&world), before, "not one request to the store");
        world.assert_references_are_exact();
        assert_eq!(world.whole("plain", None).await, data);
        assert_eq!(world.whole("keyed", Some(key(2))).await, data);
        assert_eq!(world.whole("o", Some(key(3))).await, data);
        assert_eq!(world.whole("range", None).await, data[PART - 5..=3 * PART]);
        let part = world.get_part("o", Some(key(3)), 1).await.unwrap().part.unwrap();
        assert_eq!(part.range, 0..data.len() as u64, "the first part is the whole");
        for name in ["plain", "o", "range", "keyed"] {
            world.remove(name, None).await;
            world.assert_references_are_exact();
        }
    }
}

#[tokio::test]
async fn a_composite_checksum_is_not_copied() {
    let world = small_parts().await;
    let checksum = chosen(ChecksumAlgorithm::Sha256, ChecksumKind::Composite);
    let upload = world.create("o", WriteEncryption::Managed, Some(checksum)).await.unwrap().upload;
    let mut sent = Vec::new();
    for number in 1..=2 {
        let algorithm = ChecksumAlgorithm::Sha256;
        let expected = expect(algorithm, b"data");
        let part = UploadPart { checksums: vec![expected], ..part("o", upload, number, b"data") };
        let stored = world.run(part).await.unwrap();
        let checksums = stored.checksums.clone();
        sent.push(NamedPart { checksums, ..named(number, &stored) });
    }
    world.run(complete("o", upload, sent)).await.unwrap();
    let copied = world.run(copy(source("o", None), "copy", WriteEncryption::Managed)).await.unwrap();
    assert!(copied.digests.checksums.is_empty(), "{:?}", copied.digests);
    let asked = CopyObject {
        checksum: Some(ChecksumAlgorithm::Sha256),
        ..copy(source("o", None), "copy", WriteEncryption::Managed)
    };
    let copied = world.run(asked).await.unwrap();
    let whole = checksum_of(ChecksumAlgorithm::Sha256, b"datadata");
    assert_eq!(copied.digests.checksums, [whole]);
    assert!(copied.digests.md5.is_some(), "the MD5 was computed during the read");
}

#[tokio::test]
async fn old_versions_can_be_copied() {
    let world = World::in_state(Versioning::Enabled).await;
    let first = world.write("o", b"first", Some(1)).await.version_id;
    let second = world.write("o", b"second", Some(2)).await.version_id;
    let of = |version, seed| CopySource { version: Some(version), ..source("o", Some(key(seed))) };

    let copied = world.run(copy(of(first, 1), "copy", WriteEncryption::Managed)).await.unwrap();
    assert_eq!(copied.source_version, Some(first));
    assert!(matches!(copied.version_id, VersionId::At(_)));
    assert_eq!(world.whole("copy", None).await, b"first");
    let wrong = world.run(copy(of(first, 2), "copy", WriteEncryption::Managed)).await;
    assert!(matches!(wrong, Err(Error::WrongSourceKey)));

    // A copy onto itself, under another key, brings a version back, and nothing is lost.
    let back = copy(of(first, 1), "o", WriteEncryption::Customer(key(3)));
    world.run(CopyObject { changes: false, ..back }).await.unwrap();
    assert_eq!(world.whole("o", Some(key(3))).await, b"first");
    assert_eq!(world.read_version("o", Some(second), Some(key(2))).await.unwrap().1, b"second");
    assert_eq!(world.read_version("o", Some(first), Some(key(1))).await.unwrap().1, b"first");
    world.assert_references_are_exact();

    let marker = world.remove("o", None).await.marker.unwrap();
    let deleted = world.run(copy(source("o", Some(key(3))), "x", WriteEncryption::Managed)).await;
    assert!(matches!(deleted, Err(Error::NoSuchObject { .. })));
    let named = CopySource { version: Some(marker), ..source("o", None) };
    let refused = world.run(copy(named, "x", WriteEncryption::Managed)).await;
    assert!(matches!(refused, Err(Error::SourceIsMarker)));
    let unknown = CopySource { version: Some(VersionId::Null), ..source("o", None) };
    let refused = world.run(copy(unknown, "x", WriteEncryption::Managed)).await;
    assert!(matches!(refused, Err(Error::NoSuchVersion)));
}

#[tokio::test]
async fn a_copy_removes_the_key_and_the_old_version_keeps_it() {
    let world = World::in_state(Versioning::Enabled).await;
    let sealed = world.write("o", b"data", Some(1)).await.version_id;
    world.run(copy(source("o", Some(key(1))), "o", WriteEncryption::Managed)).await.unwrap();
    assert_eq!(world.whole("o", None).await, b"data");
    let keyless = world.read_version("o", Some(sealed), None).await;
    assert!(matches!(keyless, Err(Error::KeyRequired)));
    world.remove("o", Some(sealed)).await;
    assert_eq!(world.whole("o", None).await, b"data");
    world.assert_references_are_exact();
}

#[tokio::test]
async fn conditions_compare_the_etag_that_the_face_shows() {
    let world = small_parts().await;
    let etag = world.upload("o", Mode::Managed, &[b"one", b"two"]).await.etag;
    for face in [Face::S3, Face::Swift] {
        for (tag, holds) in [(etag.as_str(), true), ("x", false)] {
            let if_match = Some(EtagList::Tags(vec![tag.into()]));
            let conditions = ReadConditions { if_match, ..Default::default() };
            let source = CopySource { conditions, face, ..source("o", None) };
            let copied = world.run(copy(source, "copy", WriteEncryption::Managed)).await;
            assert_eq!(copied.is_ok(), holds, "{face:?} {tag} {copied:?}");
        }
    }
}
