//! Objects of many parts: their greatest number, and that their bytes are read only on request.

use cardea::ops::{Error, WriteEncryption};
use cardea::storage::index::MAX_REFERENCES;

use super::garbage::copied;
use super::large_world::{all_of, ranged, segment};
use super::multipart_world::{Mode, complete, copy, name, named, part, small_parts, source};
use super::world::{World, bucket, pattern};

/// An object of ten thousand references to one small blob.
async fn ten_thousand(world: &World, object: &str) {
    world.put("segment", &pattern(100), WriteEncryption::Managed).await.unwrap();
    world.put_manifest("thousand", vec![segment("segment"); 1000], None).await.unwrap();
    world.put_manifest("manifest", vec![segment("thousand"); 10], None).await.unwrap();
    world.run(copied("manifest", object, Mode::Managed)).await.unwrap();
}

fn too_many<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::TooManyParts { limit: MAX_REFERENCES }))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_keep_to_the_limit_of_parts() {
    let world = small_parts().await;
    ten_thousand(&world, "flat").await;
    let upload = world.begin("object", Mode::Managed).await;
    let mut sent = Vec::new();
    for number in [1, 2] {
        let copied = world.run(copy(source("flat", None), "object", upload, number)).await.unwrap();
        sent.push(named(number, &copied));
    }
    assert!(too_many(&world.run(copy(source("flat", None), "object", upload, 3)).await));
    let last = world.run(part("object", upload, 3, b"last")).await.unwrap();
    let all = sent.iter().cloned().chain([named(3, &last)]).collect();
    assert!(too_many(&world.run(complete("object", upload, all)).await));
    assert_eq!(world.run(complete("object", upload, sent)).await.unwrap().size, 2_000_000);
    world.assert_references_are_exact();

    // An object with the greatest number of parts can still be copied.
    world.run(copied("object", "again", Mode::Managed)).await.unwrap();
    let whole = world.put_manifest("large", vec![segment("object")], None).await.unwrap();
    assert_eq!(whole.size, 2_000_000);
    assert!(too_many(&world.put_manifest("large", vec![segment("object"), segment("segment")], None).await));
    let parts = vec![ranged("object", "0-1999899"), segment("segment")];
    let whole = world.put_manifest("large", parts, None).await.unwrap();
    assert_eq!(whole.size, 2_000_000);
}

#[tokio::test]
async fn an_object_of_many_parts_is_found_without_its_bytes() {
    let world = World::new().await;
    ten_thousand(&world, "flat").await;
    let (_, found) = world.index.find(&bucket(), &name("flat"), None).await.unwrap();
    let parts = found.unwrap().parts;
    assert_eq!(parts.len(), 10_000);
    assert!(parts.iter().all(|part| part.inline.as_ref().is_some_and(bytes::Bytes::is_empty)));

    let whole = pattern(100).repeat(10_000);
    for range in [0..10, 95..305, 499_990..500_010, 999_999..1_000_000] {
        let (from, until) = (range.start as usize, range.end as usize);
        assert_eq!(world.bytes("flat", None, range).await.unwrap(), &whole[from..until]);
    }
    let opened = world.get("flat", None).await.unwrap();
    assert!(all_of(opened).await.unwrap() == whole);
}
