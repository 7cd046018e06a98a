//! Dynamic large objects: the objects that now exist under a prefix.

use cardea::http::body::Body;
use cardea::model::EncryptionMode;
use cardea::ops::{DeleteObject, Error, Face, GetOwnBytes, LargeObject, Precondition};

use super::large_world::{all_of, dynamic, md5, segment, swift, under};
use super::multipart_world::{Mode, name, small_parts};
use super::world::{World, bucket, collect, key, pattern, read};

async fn segments(seed: Option<u8>) -> World {
    let world = small_parts().await;
    world.put("p/1", b"first", under(seed)).await.unwrap();
    world.put("p/2", b"second!", under(seed)).await.unwrap();
    world.put("q/1", b"elsewhere", under(None)).await.unwrap();
    world
}

async fn delete(world: &World, object: &str) {
    let precondition = Precondition::None;
    world
        .run(DeleteObject { bucket: bucket(), key: name(object), version: None, precondition })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_manifest_reads_the_objects_under_its_prefix() {
    for seed in [None, Some(1)] {
        let world = segments(None).await;
        world.put_dynamic("o", "bucket/p%2F", seed).await.unwrap();
        assert_eq!(world.all("o", seed).await.unwrap(), b"firstsecond!");
        assert_eq!(world.bytes("o", seed.map(key), 4..7).await.unwrap(), b"tse");
        let etag = md5(format!("{}{}", md5(b"first"), md5(b"second!")).as_bytes());
        for head in [false, true] {
            let info = world.run(swift("o", seed, head)).await.unwrap().info;
            assert_eq!(info.shown_etag(Face::Swift), Some(etag.clone()));
            assert_eq!(
                info.shown_etag(Face::S3),
                Some(format!("{etag}-2")),
                "S3 clients see that it is no MD5"
            );
            assert_eq!(info.large, Some(LargeObject::Dynamic("bucket/p%2F".into())));
            assert_eq!((info.size, info.part_count), (12, None));
            assert!(info.digests.md5.is_none() && info.digests.checksums.is_empty());
        }
        // A later object under the prefix is a segment too, with the manifest's key or without.
        world.put("p/15", &pattern(50_000), under(None)).await.unwrap();
        let whole = [b"first".as_slice(), &pattern(50_000), b"second!"].concat();
        assert!(world.all("o", seed).await.unwrap() == whole);
        delete(&world, "p/15").await;
        // The manifest has no bytes of its own.
        let own = GetOwnBytes { get: swift("o", seed, false) };
        assert_eq!(all_of(world.run(own).await.unwrap()).await.unwrap(), b"");
        assert_eq!(world.view("o", seed.map(key)).await.unwrap().segments, None);
        // A static manifest and an upload's parts among the segments are read whole.
        world.upload("p/3", Mode::Managed, &[b"th", b"ird"]).await;
        world.put_manifest("p/4", vec![segment("q/1")], None).await.unwrap();
        assert_eq!(world.all("o", seed).await.unwrap(), b"firstsecond!thirdelsewhere");
        let (get, head) = (world.run(swift("o", seed, false)).await, world.run(swift("o", seed, true)).await);
        assert_eq!(get.unwrap().info.shown_etag(Face::Swift), head.unwrap().info.shown_etag(Face::Swift));
    }
}

#[tokio::test]
async fn a_keyed_manifest_seals_its_segments() {
    let world = segments(None).await;
    world.put_manifest("p/3", vec![segment("q/1")], None).await.unwrap();
    world.put_dynamic("o", "bucket/p/", Some(1)).await.unwrap();
    for object in ["p/1", "p/2", "p/3", "q/1", "o"] {
        let info = world.run(swift(object, None, true)).await.unwrap().info;
        assert_eq!(info.mode, EncryptionMode::Customer, "{object}");
    }
    assert_eq!(world.all("o", Some(1)).await.unwrap(), b"firstsecond!elsewhere");
    let described = world.run(swift("o", None, true)).await.unwrap().info;
    assert_eq!((described.size, described.shown_etag(Face::Swift)), (21, None));
    assert!(matches!(world.get("o", None).await, Err(Error::KeyRequired)));

    world.put("p/4", b"other", under(Some(2))).await.unwrap();
    let conflict = world.get("o", Some(key(1))).await;
    assert!(
        matches!(&conflict, Err(Error::SegmentConflict { path, .. }) if path == "/bucket/p/4"),
        "{conflict:?}"
    );
    let head = world.run(swift("o", Some(1), true)).await.unwrap().info;
    assert_eq!((head.size, head.shown_etag(Face::Swift)), (26, None), "HEAD shows the known size");
    let refused = world.put_dynamic("again", "bucket/p/", Some(1)).await;
    assert!(
        matches!(&refused, Err(Error::SegmentRefused { path, .. }) if path == "/bucket/p/4"),
        "{refused:?}"
    );
    assert!(matches!(world.get("again", Some(key(1))).await, Err(Error::NoSuchObject { .. })));
    let refused = world.put_dynamic("again", "bucket/p/4", Some(2)).await;
    assert!(refused.is_ok());
    assert_eq!(world.all("again", Some(2)).await.unwrap(), b"other");
}

#[tokio::test]
async fn segments_with_the_key_of_the_manifest_are_read() {
    let world = segments(Some(1)).await;
    world.put_dynamic("o", "bucket/p/", Some(1)).await.unwrap();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), b"firstsecond!");
    // A manifest without a key accepts none, and its keyed segments do not open.
    world.put_dynamic("open", "bucket/p/", None).await.unwrap();
    assert!(matches!(world.get("open", None).await, Err(Error::SegmentConflict { .. })));
    assert!(matches!(world.get("open", Some(key(1))).await, Err(Error::KeyNotApplicable { .. })));
    assert_eq!(world.run(swift("open", None, true)).await.unwrap().info.size, 12);
}

#[tokio::test]
async fn a_manifest_may_match_nothing_or_itself() {
    let world = segments(None).await;
    world.put_dynamic("o", "bucket/none/", Some(1)).await.unwrap();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), b"");
    // A manifest under its own prefix adds its own bytes there, and does not follow itself in a circle.
    let mut put = dynamic("p/0", "bucket/p/", under(Some(1)));
    put.put.body = Body::from_bytes("own ".into());
    world.run(put).await.unwrap();
    assert_eq!(world.all("p/0", Some(1)).await.unwrap(), b"own firstsecond!");
    world.put_dynamic("p/0", "bucket/p/", Some(2)).await.unwrap_err();
    world.put_dynamic("lost", "nowhere/p/", Some(1)).await.unwrap();
    assert!(matches!(world.get("lost", Some(key(1))).await, Err(Error::NoSuchBucket)));
    // An expired object is no longer a segment.
    let mut put = dynamic("q/2", "", under(None)).put;
    put.metadata.system.object_manifest = None;
    put.metadata.system.delete_at = Some(1);
    put.body = Body::from_bytes("expired".into());
    world.run(put).await.unwrap();
    world.put_dynamic("o", "bucket/q", None).await.unwrap();
    assert_eq!(world.all("o", None).await.unwrap(), b"elsewhere");
}

#[tokio::test]
async fn a_manifest_with_a_body_of_its_own_has_one_part() {
    let world = segments(None).await;
    let body = pattern(100_000);
    for seed in [None, Some(1)] {
        let mut put = dynamic("o", "bucket/p/", under(seed));
        put.put.body = Body::from_bytes(body.clone().into());
        let outcome = world.run(put).await.unwrap();
        assert_eq!(outcome.md5.map(hex::encode), Some(md5(&body)));
        let own = GetOwnBytes { get: swift("o", seed, false) };
        assert!(all_of(world.run(own).await.unwrap()).await.unwrap() == body);
        let mut get = read("o", seed.map(key));
        get.part = Some(1);
        let opened = world.run(get).await.unwrap();
        let range = opened.part.unwrap().range;
        let bytes = collect(opened.reader.unwrap().open(range).await.unwrap()).await.unwrap();
        assert_eq!(bytes, b"firstsecond!");
        let mut get = read("o", seed.map(key));
        get.part = Some(2);
        assert!(matches!(world.run(get).await, Err(Error::NoSuchPart)));
    }
    world.assert_references_are_exact();
}
