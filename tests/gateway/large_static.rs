//! Static large objects: their checks, their description, and who may read and delete them.

use cardea::http::body::Body;
use cardea::model::{AccountId, BucketName, EncryptionMode, ObjectMetadata};
use cardea::ops::{
    BucketAddress, CreateBucket, DeleteObject, DeletedManifest, Error, Face, GetObject, LargeObject,
    Precondition, PutObject, SegmentRequest, SegmentView, UpdateObject,
};

use super::large_world::{all_of, data, dynamic, expecting, manifest, md5, ranged, segment, swift, under};
use super::multipart_world::name;
use super::world::{World, bucket, key, pattern, read};

async fn two_segments() -> World {
    let world = World::new().await;
    world.put("a", b"first", under(None)).await.unwrap();
    world.put("b", b"second!", under(None)).await.unwrap();
    world
}

#[tokio::test]
async fn each_face_shows_its_own_etag() {
    let world = two_segments().await;
    let slo = md5(format!("{}{}:1-3;{}", md5(b"first"), md5(b"second!"), md5(b"own")).as_bytes());
    for seed in [None, Some(1)] {
        let mut put = manifest("o", vec![segment("a"), ranged("b", "1-3"), data(b"own")], under(seed));
        put.expected_etag = Some(format!("\"{slo}\""));
        let outcome = world.run(put).await.unwrap();
        assert_eq!(outcome.md5.map(hex::encode).as_deref(), Some(slo.as_str()));
        assert_eq!(
            world.all("o", seed).await.unwrap(),
            b"firsteco".iter().chain(b"own").copied().collect::<Vec<_>>()
        );
        for head in [false, true] {
            let info = world.run(swift("o", seed, head)).await.unwrap().info;
            assert_eq!(info.shown_etag(Face::Swift).as_deref(), Some(slo.as_str()));
            assert_eq!(info.large, Some(LargeObject::Static));
            assert_eq!((info.part_count, info.size), (Some(3), 11));
            let s3 = info.shown_etag(Face::S3).unwrap();
            assert_eq!(s3, outcome.etag);
            assert_eq!(s3 == format!("{slo}-3"), seed.is_none());
            assert!(s3.ends_with("-3"));
        }
    }
    let described = world.run(swift("o", None, true)).await.unwrap().info;
    assert_eq!((described.size, described.opened, described.mode), (11, false, EncryptionMode::Customer));
    assert!(described.digests.etag.is_none() && described.digests.segments.is_empty());
    for wrong in [None, Some(2)] {
        assert!(world.all("o", wrong).await.is_err());
    }
}

#[tokio::test]
async fn segment_errors_use_the_words_of_swift() {
    let world = two_segments().await;
    world.put("empty", b"", under(None)).await.unwrap();
    world.put("sealed", b"x", under(Some(1))).await.unwrap();
    let slo = md5(md5(b"first").as_bytes());
    let good = vec![
        expecting("a", Some(&md5(b"first")), Some(5)),
        expecting("b", Some(&md5(b"second!").to_uppercase()), Some(7)),
    ];
    world.put_manifest("good", good, None).await.unwrap();
    let elsewhere = SegmentRequest::Object {
        path: "/nowhere/x".into(),
        bucket: BucketName::new("nowhere").unwrap(),
        key: name("x"),
        etag: None,
        size: None,
        range: None,
    };
    let requests = vec![
        segment("a"),
        segment("gone"),
        elsewhere,
        expecting("a", Some(&md5(b"other")), None),
        expecting("a", None, Some(6)),
        ranged("a", "5-"),
        ranged("a", "0-1,3-4"),
        segment("empty"),
        segment("sealed"),
        segment("o"),
    ];
    let Err(Error::InvalidSegments { problems }) = world.put_manifest("o", requests, None).await else {
        panic!("the manifest was accepted")
    };
    let shown: Vec<_> = problems.iter().map(|(path, problem)| (path.as_str(), problem.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("/bucket/gone", "404 Not Found"),
            ("/nowhere/x", "404 Not Found"),
            ("/bucket/a", "Etag Mismatch"),
            ("/bucket/a", "Size Mismatch"),
            ("/bucket/a", "Unsatisfiable Range"),
            ("/bucket/a", "Unsatisfiable Range"),
            ("/bucket/empty", "Too Small; each segment must be at least 1 byte."),
            ("/bucket/sealed", "Sealed Under a Customer Key; its manifest must come with the same key."),
            ("/bucket/o", "manifest must not include itself as a segment"),
        ]
    );
    assert!(world.get("o", None).await.is_err());
    let mut put = manifest("o", vec![segment("a"), segment("b")], under(None));
    put.expected_etag = Some(slo);
    assert!(matches!(world.run(put).await, Err(Error::Md5Mismatch { .. })));
    // A manifest without segments is an empty object.
    let empty = world.put_manifest("nothing", vec![], None).await.unwrap();
    assert_eq!((empty.size, empty.md5.map(hex::encode)), (0, Some(md5(b""))));
    assert_eq!(world.all("nothing", None).await.unwrap(), b"");
}

#[tokio::test]
async fn a_changed_or_missing_segment_is_a_conflict_before_the_first_byte() {
    for seed in [None, Some(1)] {
        let world = two_segments().await;
        world.put_manifest("nested", vec![segment("a"), segment("b")], seed).await.unwrap();
        world.put_manifest("o", vec![segment("nested"), segment("a")], seed).await.unwrap();
        let conflicts = async |path: &str| {
            for face in [Face::S3, Face::Swift] {
                let get = GetObject { face, ..read("o", seed.map(key)) };
                let outcome = world.run(get).await;
                assert!(
                    matches!(&outcome, Err(Error::SegmentConflict { path: p, .. }) if p == path),
                    "{outcome:?}"
                );
            }
            // HEAD shows the properties at the time of the write.
            assert_eq!(world.run(swift("o", seed, true)).await.unwrap().info.size, 17);
        };
        // The same bytes make the same segment, whoever holds their key.
        world.put("b", b"second!", under(None)).await.unwrap();
        assert_eq!(world.all("o", seed).await.unwrap(), b"firstsecond!first");
        world.put("b", b"changed", under(seed)).await.unwrap();
        conflicts("/bucket/b").await;
        world.put("b", b"longer than before", under(seed)).await.unwrap();
        conflicts("/bucket/b").await;
        world.put("b", b"second!", under(Some(9))).await.unwrap();
        conflicts("/bucket/b").await;
        world.put("b", b"second!", under(None)).await.unwrap();
        assert_eq!(world.all("o", seed).await.unwrap(), b"firstsecond!first");
        let delete = DeleteObject {
            bucket: bucket(),
            key: name("nested"),
            version: None,
            precondition: Precondition::None,
        };
        world.run(delete).await.unwrap();
        conflicts("/bucket/nested").await;
    }
}

#[tokio::test]
async fn a_manifest_is_shown_with_its_key_and_without() {
    let world = two_segments().await;
    let segments = || vec![segment("a"), data(b"own"), ranged("b", "2-5")];
    world.put_manifest("open", segments(), None).await.unwrap();
    let hashes = |views: &[SegmentView]| -> Vec<String> {
        let hash = |view: &SegmentView| match view {
            SegmentView::Object { hash, .. } => hash.clone(),
            SegmentView::Data(data) => format!("{data:?}"),
        };
        views.iter().map(hash).collect()
    };
    let open = world.view("open", None).await.unwrap().segments.unwrap();
    assert_eq!(hashes(&open), [md5(b"first"), "Some(b\"own\")".into(), md5(b"second!")]);
    assert!(matches!(&open[2], SegmentView::Object { range: Some((2, 5)), bytes: 7, nested: false, .. }));

    world.put_manifest("sealed", segments(), Some(1)).await.unwrap();
    let sealed = world.view("sealed", Some(key(1))).await.unwrap();
    assert_eq!(hashes(&sealed.segments.unwrap()), hashes(&open));
    let keyless = world.view("sealed", None).await.unwrap();
    let (shown, again) = (keyless.segments.unwrap(), world.view("sealed", None).await.unwrap());
    assert_eq!(shown, again.segments.unwrap(), "the hashes are opaque, and the same each time");
    assert_eq!(shown[1], SegmentView::Data(None));
    for (opaque, known) in hashes(&shown).iter().zip(hashes(&open)) {
        assert_ne!(*opaque, known);
    }
    assert!(!keyless.info.opened);
    assert!(matches!(world.view("sealed", Some(key(2))).await, Err(Error::WrongKey)));
    assert_eq!(world.view("a", Some(key(1))).await.unwrap().segments, None, "a segment, sealed by now");
}

#[tokio::test]
async fn a_post_keeps_the_manifest() {
    let world = two_segments().await;
    world.put_manifest("o", vec![segment("a"), data(b"own")], Some(1)).await.unwrap();
    let mut metadata = ObjectMetadata::default();
    metadata.user.insert("colour".into(), "red".into());
    let post = UpdateObject { bucket: bucket(), key: name("o"), metadata, customer_key: None };
    world.run(post).await.unwrap();
    let opened = world.run(swift("o", Some(1), false)).await.unwrap();
    assert_eq!(opened.info.metadata.user["colour"], "red");
    assert_eq!(opened.info.large, Some(LargeObject::Static));
    assert_eq!(all_of(opened).await.unwrap(), b"firstown");
}

#[tokio::test]
async fn deleting_a_manifest_deletes_its_segments() {
    let world = two_segments().await;
    world.put("c", b"third", under(None)).await.unwrap();
    world.put_manifest("nested", vec![segment("b"), segment("c")], None).await.unwrap();
    let segments = vec![segment("a"), segment("nested"), segment("a"), data(b"own")];
    world.put_manifest("o", segments, Some(1)).await.unwrap();
    let gone =
        DeleteObject { bucket: bucket(), key: name("c"), version: None, precondition: Precondition::None };
    world.run(gone).await.unwrap();
    let plain = world.run(World::delete_manifest("a")).await.unwrap();
    assert_eq!(plain, DeletedManifest { not_a_manifest: true, ..DeletedManifest::default() });
    let deleted = world.run(World::delete_manifest("o")).await.unwrap();
    assert_eq!(deleted, DeletedManifest { deleted: 4, not_found: 1, ..DeletedManifest::default() });
    for name in ["a", "b", "c", "nested", "o"] {
        assert!(matches!(world.get(name, None).await, Err(Error::NoSuchObject { .. })), "{name}");
    }
    assert!(matches!(world.run(World::delete_manifest("o")).await, Err(Error::NoSuchObject { .. })));
}

#[tokio::test]
async fn nesting_is_limited() {
    let world = two_segments().await;
    world.put_manifest("m1", vec![segment("a")], None).await.unwrap();
    for depth in 2..=10 {
        world
            .put_manifest(&format!("m{depth}"), vec![segment(&format!("m{}", depth - 1))], None)
            .await
            .unwrap();
    }
    assert_eq!(world.all("m10", None).await.unwrap(), b"first");
    let deeper = world.put_manifest("m11", vec![segment("m10")], None).await;
    assert!(matches!(deeper, Err(Error::InvalidSegments { .. })));
    // A circle that is closed later, without the first manifest's knowledge, is a conflict and not an endless
    // loop.
    world.put_manifest("m1", vec![segment("m9")], None).await.unwrap();
    assert!(matches!(world.all("m10", None).await, Err(Error::SegmentConflict { .. })));

    let wide: Vec<_> = (0..150).map(|_| segment("a")).collect();
    world.put_manifest("wide", wide, None).await.unwrap();
    let wider: Vec<_> = (0..67).map(|_| segment("wide")).collect();
    let outcome = world.put_manifest("wider", wider, None).await;
    assert!(matches!(outcome, Err(Error::TooManySegments { limit: 10_000 })), "{outcome:?}");
}

#[tokio::test]
async fn segments_in_other_containers_are_read_by_the_owner_only() {
    let world = two_segments().await;
    let pieces = BucketName::new("pieces").unwrap();
    let create = CreateBucket {
        account: AccountId::new("account"),
        name: pieces.clone(),
        face: Face::Swift,
        metadata: Default::default(),
        settings: Default::default(),
    };
    world.run(create).await.unwrap();
    let mut put = dynamic_put("p");
    put.bucket = BucketAddress::Owned(AccountId::new("account"), pieces.clone());
    world.run(put).await.unwrap();
    let there = SegmentRequest::Object {
        path: "/pieces/p".into(),
        bucket: pieces,
        key: name("p"),
        etag: None,
        size: None,
        range: None,
    };
    world.put_manifest("o", vec![segment("a"), there], None).await.unwrap();
    assert_eq!(world.all("o", None).await.unwrap(), [b"first".as_slice(), &pattern(20_000)].concat());
    let stranger = world.caller_of("other", "admin").await;
    assert!(matches!(world.gateway.execute(&stranger, read("o", None)).await, Err(Error::AccessDenied)));
    let steal = manifest("o", vec![segment("a")], under(None));
    assert!(matches!(world.gateway.execute(&stranger, steal).await, Err(Error::AccessDenied)));
}

fn dynamic_put(object: &str) -> PutObject {
    let mut put = dynamic(object, "c/p", under(None)).put;
    put.metadata = Default::default();
    put.body = Body::from_bytes(bytes::Bytes::from(pattern(20_000)));
    put
}

/// A blob is kept for its readers, in the store and in the index.
#[tokio::test]
async fn a_segment_overwritten_during_a_read_is_read_whole() {
    let world = World::new().await;
    let large = pattern(50_000);
    for nr in 0..8 {
        let bytes = if nr % 2 == 0 { &large[..] } else { b"small" };
        world.put(&format!("s{nr}"), bytes, under(None)).await.unwrap();
    }
    let segments = (0..8).map(|nr| segment(&format!("s{nr}"))).collect();
    world.put_manifest("o", segments, None).await.unwrap();
    let whole = world.all("o", None).await.unwrap();

    let open = world.get("o", None).await.unwrap();
    world.put("s6", b"other", under(None)).await.unwrap();
    assert!(all_of(open).await.unwrap() == whole, "a blob outlives its object");
    world.put("s6", &large, under(None)).await.unwrap();
    let open = world.get("o", None).await.unwrap();
    world.put("s7", b"other", under(None)).await.unwrap();
    assert!(all_of(open).await.unwrap() == whole, "a blob in the index outlives its object too");
}
