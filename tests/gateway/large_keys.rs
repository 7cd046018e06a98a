//! Keyed manifests: their segments are sealed again, all or none. Wrong keys are refused, and tampering is
//! found.

use cardea::http::conditions::ReadConditions;
use cardea::model::{AccountId, BucketName, EncryptionMode};
use cardea::ops::{
    BucketAddress, BucketChange, CopyMetadata, CopyObject, CopyPart, CopySource, CreateBucket, Error, Face,
    Precondition, SegmentRequest, Versioning,
};

use super::large_world::{all_of, data, expecting, manifest, md5, ranged, segment, swift, under};
use super::multipart_world::{Mode, complete, name, named, small_parts};
use super::world::{World, bucket, key, pattern};

async fn mode_of(world: &World, object: &str) -> EncryptionMode {
    world.run(swift(object, None, true)).await.unwrap().info.mode
}

#[tokio::test]
async fn segments_are_sealed_under_the_key_of_the_manifest() {
    let world = World::new().await;
    let large = pattern(100_000);
    world.put("small", b"small", under(None)).await.unwrap();
    world.put("large", &large, under(None)).await.unwrap();
    world.put("sealed", b"sealed", under(Some(1))).await.unwrap();
    world.put_manifest("nested", vec![segment("large"), data(b"data")], None).await.unwrap();
    let blobs = (world.blobs.counts().puts(), world.blob_files());
    let segments = vec![segment("small"), segment("nested"), segment("sealed"), segment("small")];
    let before = world.run(swift("small", None, true)).await.unwrap().info;
    world.put_manifest("o", segments, Some(1)).await.unwrap();
    assert_eq!((world.blobs.counts().puts(), world.blob_files()), blobs, "no byte moved");

    for object in ["small", "large", "nested", "sealed", "o"] {
        assert_eq!(mode_of(&world, object).await, EncryptionMode::Customer, "{object}");
        assert!(matches!(world.get(object, None).await, Err(Error::KeyRequired)), "{object}");
        assert!(matches!(world.get(object, Some(key(2))).await, Err(Error::WrongKey)), "{object}");
    }
    let after = world.run(swift("small", Some(1), true)).await.unwrap().info;
    assert_eq!(after.shown_etag(Face::Swift), Some(md5(b"small")), "Swift's ETag is still the MD5");
    assert_ne!(after.shown_etag(Face::S3), before.shown_etag(Face::S3), "S3's is opaque");
    assert_eq!((after.modified, after.version_id), (before.modified, before.version_id));
    assert_eq!(world.all("nested", Some(1)).await.unwrap(), [&large[..], b"data"].concat());
    let whole = [b"small".as_slice(), &large, b"data", b"sealed", b"small"].concat();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), whole);
    world.assert_references_are_exact();

    // Again, over segments that are sealed by now.
    let again = vec![segment("nested"), ranged("small", "1-2")];
    world.put_manifest("o", again, Some(1)).await.unwrap();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), [&large[..], b"datama"].concat());
}

#[tokio::test]
async fn a_refused_segment_leaves_all_unchanged() {
    let world = World::new().await;
    world.put("a", b"one", under(None)).await.unwrap();
    world.put("other", b"two", under(Some(2))).await.unwrap();
    world.put_manifest("nested", vec![segment("a")], None).await.unwrap();
    world.put_manifest("theirs", vec![segment("other")], Some(2)).await.unwrap();
    for refused in ["other", "theirs"] {
        let outcome = world.put_manifest("o", vec![segment("nested"), segment(refused)], Some(1)).await;
        let path = format!("/bucket/{refused}");
        assert!(matches!(&outcome, Err(Error::SegmentRefused { path: p, .. }) if *p == path), "{outcome:?}");
    }
    // Below a nested manifest the refusal is the same.
    world.put_manifest("over", vec![segment("nested")], None).await.unwrap();
    world.put("a", b"one", under(Some(2))).await.unwrap();
    let outcome = world.put_manifest("o", vec![segment("over")], Some(1)).await;
    assert!(
        matches!(&outcome, Err(Error::SegmentRefused { path, .. }) if path == "/bucket/a"),
        "{outcome:?}"
    );
    // A commit that fails also leaves everything unchanged.
    world.put("a", b"one", under(None)).await.unwrap();
    let mut put = manifest("other", vec![segment("a")], under(Some(1)));
    put.precondition = Precondition::Absent;
    assert!(matches!(world.run(put).await, Err(Error::PreconditionFailed)));
    for object in ["a", "nested", "over"] {
        assert_eq!(mode_of(&world, object).await, EncryptionMode::Managed, "{object}");
    }
    assert!(matches!(world.get("o", Some(key(1))).await, Err(Error::NoSuchObject { .. })));
    let insecure = world.caller(false);
    let put = manifest("o", vec![segment("a")], under(Some(1)));
    assert!(matches!(world.gateway.execute(&insecure, put).await, Err(Error::InsecureTransport)));
}

#[tokio::test]
async fn a_multipart_segment_keeps_its_etag_when_sealed() {
    let world = small_parts().await;
    let outcome = world.upload("parts", Mode::Managed, &[b"one", b"two"]).await;
    world.put_manifest("open", vec![segment("parts")], None).await.unwrap();
    world.put_manifest("first", vec![segment("parts"), data(b"!")], Some(1)).await.unwrap();
    let expecting = expecting("parts", Some(&outcome.etag), Some(6));
    world.put_manifest("second", vec![expecting], Some(1)).await.unwrap();
    assert_eq!(world.all("first", Some(1)).await.unwrap(), b"onetwo!");
    assert_eq!(world.all("second", Some(1)).await.unwrap(), b"onetwo");
    let info = world.run(swift("parts", Some(1), true)).await.unwrap().info;
    assert_eq!(info.shown_etag(Face::Swift), Some(outcome.etag));
    let conflict = world.all("open", None).await;
    assert!(
        matches!(conflict, Err(Error::SegmentConflict { .. })),
        "the segment is sealed now: {conflict:?}"
    );
}

#[tokio::test]
async fn old_versions_are_not_sealed() {
    let world = World::new().await;
    let id = world.index.bucket(&bucket()).await.unwrap().id;
    let enabled = vec![BucketChange::Versioning(Versioning::Enabled)];
    world.index.update_bucket(id, enabled).await.unwrap();
    let old = world.put("a", b"old", under(None)).await.unwrap();
    world.put("a", b"new", under(None)).await.unwrap();
    world.put_manifest("o", vec![segment("a")], Some(1)).await.unwrap();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), b"new");
    let mut get = swift("a", None, false);
    get.version = Some(old.version_id);
    let opened = world.run(get).await.unwrap();
    assert_eq!(all_of(opened).await.unwrap(), b"old");
}

#[tokio::test]
async fn changed_rows_are_reported_as_corrupt() {
    for seed in [None, Some(1)] {
        for (change, rows) in [
            (
                "UPDATE versions SET manifest = CAST(replace(CAST(manifest AS TEXT), '\"a\"', '\"b\"') AS BLOB) WHERE key = CAST('o' AS BLOB)",
                1,
            ),
            ("UPDATE versions SET manifest = NULL WHERE key = CAST('o' AS BLOB)", 1),
            ("UPDATE versions SET manifest = CAST('' AS BLOB) WHERE key = CAST('o' AS BLOB)", 1),
            ("UPDATE versions SET size = size - 1 WHERE key = CAST('o' AS BLOB)", 1),
            (
                "UPDATE versions SET key = CAST('t' || CAST(key AS TEXT) AS BLOB) WHERE key IN (CAST('a' AS BLOB), CAST('b' AS BLOB))",
                2,
            ),
            (
                "UPDATE parts SET length = length - 1 WHERE version = (SELECT nr FROM versions WHERE key = CAST('o' AS BLOB))",
                1,
            ),
        ] {
            let world = World::new().await;
            world.put("a", b"first", under(None)).await.unwrap();
            world.put("b", b"other", under(None)).await.unwrap();
            world.put_manifest("o", vec![segment("a"), data(b"own")], seed).await.unwrap();
            assert_eq!(world.all("o", seed).await.unwrap(), b"firstown");
            assert_eq!(world.tamper(change), rows, "{change}");
            if rows == 2 {
                // Each object has the other's name.
                world.tamper("UPDATE versions SET key = CAST('b' AS BLOB) WHERE key = CAST('ta' AS BLOB)");
                world.tamper("UPDATE versions SET key = CAST('a' AS BLOB) WHERE key = CAST('tb' AS BLOB)");
            }
            let outcome = world.all("o", seed).await;
            assert!(matches!(outcome, Err(Error::Corrupt(_))), "{change}: {outcome:?}");
        }
    }
}

fn source(object: &str, seed: Option<u8>) -> CopySource {
    CopySource {
        bucket: bucket(),
        key: name(object),
        version: None,
        customer_key: seed.map(key),
        conditions: ReadConditions::default(),
        face: Face::Swift,
    }
}

fn copy(from: CopySource, to: &str, seed: Option<u8>) -> CopyObject {
    CopyObject {
        source: from,
        range: None,
        bucket: bucket(),
        key: name(to),
        encryption: under(seed),
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: false,
    }
}

#[tokio::test]
async fn a_copy_of_a_manifest_refers_to_the_bytes_itself() {
    for seed in [None, Some(1)] {
        let world = small_parts().await;
        let large = pattern(70_000);
        world.put("p/1", &large, under(None)).await.unwrap();
        world.put("p/2", b"small", under(None)).await.unwrap();
        world
            .put_manifest("slo", vec![segment("p/1"), data(b"own"), ranged("p/2", "1-3")], seed)
            .await
            .unwrap();
        world.put_dynamic("dlo", "bucket/p/", seed).await.unwrap();
        let slo = [&large[..], b"ownmal"].concat();
        let dlo = [&large[..], b"small"].concat();
        for (from, bytes) in [("slo", &slo), ("dlo", &dlo)] {
            for to in [None, Some(3)] {
                world.run(copy(source(from, seed), "copy", to)).await.unwrap();
                let info = world.run(swift("copy", to, true)).await.unwrap().info;
                assert_eq!((info.large, info.size), (None, bytes.len() as u64), "flat");
                assert!(world.all("copy", to).await.unwrap() == *bytes);
            }
            let upload = world.begin("up", Mode::Managed).await;
            let part = CopyPart {
                source: source(from, seed),
                range: Some((1, 69_999 + 2)),
                bucket: bucket(),
                key: name("up"),
                upload,
                number: 1,
                customer_key: None,
            };
            let part = world.run(part).await.unwrap();
            let complete = complete("up", upload, vec![named(1, &part)]);
            world.run(complete).await.unwrap();
            assert!(world.all("up", None).await.unwrap() == bytes[1..70_002]);
        }
        // The copy does not need the segments.
        world.run(copy(source("slo", seed), "copy", None)).await.unwrap();
        world.run(World::delete_manifest("slo")).await.unwrap();
        assert!(world.all("copy", None).await.unwrap() == slo);
        world.assert_references_are_exact();
    }
}

#[tokio::test]
async fn unneeded_and_wrong_keys_are_refused() {
    let world = World::new().await;
    world.put("a", b"one", under(None)).await.unwrap();
    world.put_manifest("o", vec![segment("a")], None).await.unwrap();
    assert!(matches!(world.get("o", Some(key(1))).await, Err(Error::KeyNotApplicable { .. })));
    let refused = world.run(copy(source("o", Some(1)), "copy", None)).await;
    assert!(matches!(refused, Err(Error::KeyNotApplicable { .. })));
    world.put_manifest("o", vec![segment("a")], Some(1)).await.unwrap();
    assert!(matches!(world.run(copy(source("o", Some(2)), "copy", None)).await, Err(Error::WrongSourceKey)));
    assert!(matches!(world.run(copy(source("o", None), "copy", None)).await, Err(Error::KeyRequired)));
}

/// The segments change while the manifest is written. Then the write starts again, and the manifest names
/// exactly the segments that it read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_written_while_its_segments_change_is_consistent() {
    let world = std::sync::Arc::new(World::new().await);
    for nr in 0..20 {
        world.put(&format!("s{nr}"), b"0", under(None)).await.unwrap();
    }
    let segments = || (0..20).map(|nr| segment(&format!("s{nr}"))).collect::<Vec<_>>();
    let shared = world.clone();
    let writes = tokio::spawn(async move {
        for round in 1..=40 {
            shared.put(&format!("s{}", round % 20), b"1", under(None)).await.unwrap();
        }
    });
    for _ in 0..20 {
        match world.put_manifest("o", segments(), Some(1)).await {
            Ok(_) | Err(Error::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
        match world.all("o", Some(1)).await {
            Ok(bytes) => assert_eq!(bytes.len(), 20),
            Err(Error::SegmentConflict { .. } | Error::NoSuchObject { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    writes.await.unwrap();
    world.put_manifest("o", segments(), Some(1)).await.unwrap();
    assert_eq!(world.all("o", Some(1)).await.unwrap(), b"11111111111111111111");
    for nr in 0..20 {
        assert_eq!(mode_of(&world, &format!("s{nr}")).await, EncryptionMode::Customer);
    }
}

/// If a caller may write the manifest but not its segments, they are not sealed.
#[tokio::test]
async fn segments_of_another_account_are_not_found() {
    let world = World::new().await;
    let stranger = world.caller_of("other", "admin").await;
    let name = BucketName::new("mine").unwrap();
    let create = CreateBucket {
        account: AccountId::new("other"),
        name: name.clone(),
        face: Face::Swift,
        metadata: Default::default(),
        settings: Default::default(),
    };
    world.gateway.execute(&stranger, create).await.unwrap();
    world.put("a", b"one", under(None)).await.unwrap();
    let mut put = manifest("o", vec![segment("a")], under(Some(1)));
    put.bucket = BucketAddress::Owned(AccountId::new("other"), name);
    // Segments belong to the manifest's account, where this container does not exist.
    let outcome = world.gateway.execute(&stranger, put).await;
    assert!(matches!(outcome, Err(Error::InvalidSegments { .. })), "{outcome:?}");
}

/// Measures a keyed manifest: `cargo test --release --test gateway timing -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn timing_of_a_keyed_manifest() {
    const SEGMENTS: usize = 1000;
    let world = World::new().await;
    let puts = (0..SEGMENTS).map(|nr| world.clone_put(nr));
    futures_util::future::join_all(puts).await;
    let segments = || (0..SEGMENTS).map(|nr| segment(&format!("s{nr:04}"))).collect::<Vec<SegmentRequest>>();
    for (what, seed) in [("without a key", None), ("sealing again", Some(1)), ("sealed already", Some(1))] {
        let begun = std::time::Instant::now();
        world.put_manifest("o", segments(), seed).await.unwrap();
        println!("a manifest of {SEGMENTS} segments, {what}: {} ms", begun.elapsed().as_millis());
    }
    let begun = std::time::Instant::now();
    let opened = world.get("o", Some(key(1))).await.unwrap();
    println!("opening it: {} ms", begun.elapsed().as_millis());
    let all = all_of(opened).await.unwrap();
    println!("all {} bytes: {} ms", all.len(), begun.elapsed().as_millis());
}

impl World {
    async fn clone_put(&self, nr: usize) {
        self.put(&format!("s{nr:04}"), &pattern(1000), under(None)).await.unwrap();
    }
}
