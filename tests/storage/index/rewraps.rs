//! Sealing versions anew in place, and the versions that a command relies on.

use std::sync::Arc;

use cardea::model::{EncryptionMode, VersionUid};
use cardea::storage::Error;
use cardea::storage::index::{Index, Precondition, Rewrap, SealEnvelope, Unchanged, VersionRecord};

use super::world::{World, key};

pub fn unchanged(world: &World, version: &VersionRecord) -> Unchanged {
    Unchanged {
        bucket: world.bucket,
        key: version.key.clone(),
        version_id: version.version_id,
        uid: version.uid,
    }
}

pub fn rewrap(world: &World, version: &VersionRecord) -> Rewrap {
    Rewrap {
        version: unchanged(world, version),
        uid: VersionUid::random(),
        mode: EncryptionMode::Customer,
        etag: "new".into(),
        digests: vec![5],
        envelope: b"new".to_vec(),
        wrapped_keys: (0..version.parts.len()).map(|n| vec![u8::try_from(n % 256).unwrap(); 60]).collect(),
    }
}

pub async fn a_rewrap_changes_the_seal_alone(index: Arc<dyn Index>) {
    for world in [World::new(index.clone()).await, World::versioned(index).await] {
        let (a, b) = (world.put("a"), world.put("b"));
        let blobs = [a.blob(), b.blob()];
        world.publish(a).await.unwrap();
        world.publish(b).await.unwrap();
        world.publish(world.put("k").copying(&[blobs[0], blobs[1], blobs[0]])).await.unwrap();
        let before = world.current("k").await;
        let command = rewrap(&world, &before);
        world.index.rewrap(vec![command.clone(), rewrap(&world, &world.current("a").await)]).await.unwrap();

        let after = world.current("k").await;
        assert_eq!((after.uid, after.mode, after.etag.as_str()), (command.uid, command.mode, "new"));
        assert_eq!(
            (after.digests.as_slice(), after.envelope.as_slice()),
            ([5].as_slice(), b"new".as_slice())
        );
        let keys: Vec<_> = after.parts.iter().map(|part| part.wrapped_key.clone()).collect();
        assert_eq!(keys, command.wrapped_keys);
        let mut expected = before.clone();
        (expected.uid, expected.mode, expected.etag) = (after.uid, after.mode, after.etag.clone());
        (expected.digests, expected.envelope) = (after.digests.clone(), after.envelope.clone());
        for (part, key) in expected.parts.iter_mut().zip(keys) {
            part.wrapped_key = key;
        }
        assert_eq!(after, expected, "times, id, metadata and references stay");
        assert_eq!(world.freed().await, []);
        world.exact().await;

        let row = world.list(super::world::listing()).await.unwrap().rows.remove(2);
        assert!(
            matches!(&row, cardea::storage::index::ObjectRow::Object { etag, mode, .. }
                if etag == "new" && *mode == EncryptionMode::Customer),
            "{row:?}"
        );
    }
}

pub async fn rewraps_are_all_or_none(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let old = world.published("old").await;
    world.published("old").await;
    for key in ["a", "b", "hidden"] {
        world.published(key).await;
    }
    let (a, b) = (world.current("a").await, world.current("b").await);
    let hidden = world.current("hidden").await;
    world.delete("hidden", None).await;
    let not_current = world.find("old", Some(old)).await.unwrap();

    let good = rewrap(&world, &a);
    let changed = |change: &dyn Fn(&mut Rewrap)| {
        let mut bad = rewrap(&world, &b);
        change(&mut bad);
        bad
    };
    let bad = [
        changed(&|bad| bad.version.uid = VersionUid::random()),
        changed(&|bad| bad.version.key = key("none")),
        changed(&|bad| bad.version.bucket = cardea::model::BucketId::random()),
        changed(&|bad| bad.version.version_id = cardea::model::VersionId::Null),
        changed(&|bad| bad.wrapped_keys.clear()),
        changed(&|bad| bad.wrapped_keys.push(vec![])),
        rewrap(&world, &not_current),
        rewrap(&world, &hidden),
        rewrap(&world, &a),
    ];
    for bad in bad {
        let outcome = world.index.rewrap(vec![good.clone(), bad.clone()]).await;
        assert!(matches!(outcome, Err(Error::Changed)), "{bad:?}");
        assert_eq!(world.current("a").await, a);
    }
    world.index.rewrap(vec![]).await.unwrap();
    world.index.rewrap(vec![good]).await.unwrap();
    world.exact().await;
}

pub async fn a_manifest_is_published_with_its_rewraps(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for key in ["s1", "s2", "k"] {
        world.published(key).await;
    }
    let (s1, s2, k) = (world.current("s1").await, world.current("s2").await, world.current("k").await);
    let manifest = |rewraps| {
        let mut put = world.put("k").when(Precondition::Etag(vec!["etag".into()]));
        put.command.version.parts.clear();
        put.command.new_blobs.clear();
        (put.command.version.size, put.command.version.manifest) = (6, Some(b"[]".to_vec()));
        put.command.rewraps = rewraps;
        put
    };
    let mut stale = rewrap(&world, &s2);
    stale.version.uid = VersionUid::random();
    let refused = world.publish(manifest(vec![rewrap(&world, &s1), stale])).await;
    assert!(matches!(refused, Err(Error::Changed)));
    let mut unsealed = manifest(vec![rewrap(&world, &s1)]);
    unsealed.command.seal = SealEnvelope(Box::new(|_| None));
    assert!(matches!(world.publish(unsealed).await, Err(Error::Seal)));
    assert_eq!((world.current("s1").await, world.current("k").await), (s1.clone(), k.clone()));

    let rewraps = [&s1, &s2, &k].map(|version| rewrap(&world, version)).to_vec();
    let published = world.publish(manifest(rewraps)).await.unwrap();
    assert_eq!(published.replaced.map(|replaced| replaced.mode), Some(EncryptionMode::Managed));
    let found = world.current("k").await;
    assert_eq!((found.manifest.as_deref(), found.size, found.parts), (Some(b"[]".as_slice()), 6, vec![]));
    assert_eq!(world.current("s1").await.mode, EncryptionMode::Customer);
    assert_eq!(world.current("s2").await.manifest, None);
    assert_eq!(world.freed().await, [k.parts[0].blob]);
    assert_eq!(world.usage().await, (3, 12));
    world.exact().await;
}

pub async fn a_copy_relies_on_its_source(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    world.published("source").await;
    let source = world.current("source").await;
    let copy = |other: Unchanged| {
        let mut put = world.put("copy").copying(&[source.parts[0].blob]);
        put.command.unchanged = vec![unchanged(&world, &source), other];
        world.publish(put)
    };
    copy(unchanged(&world, &source)).await.unwrap();
    let stale = [
        Unchanged { uid: VersionUid::random(), ..unchanged(&world, &source) },
        Unchanged { key: key("none"), ..unchanged(&world, &source) },
        Unchanged { version_id: cardea::model::VersionId::Null, ..unchanged(&world, &source) },
        Unchanged { bucket: cardea::model::BucketId::random(), ..unchanged(&world, &source) },
    ];
    for stale in stale {
        assert!(matches!(copy(stale).await, Err(Error::Changed)));
    }
    world.published("source").await;
    copy(unchanged(&world, &source)).await.unwrap();
    let marker = world.delete("source", None).await.marker.unwrap();
    let hidden = Unchanged { version_id: marker, ..unchanged(&world, &source) };
    assert!(matches!(copy(hidden).await, Err(Error::Changed)));
    world.delete("source", Some(source.version_id)).await;
    assert!(matches!(copy(unchanged(&world, &source)).await, Err(Error::Changed)));
    world.exact().await;
}

pub async fn many_objects_are_found_in_one_read(index: Arc<dyn Index>) {
    let world = World::versioned(index.clone()).await;
    let other =
        World { bucket: super::world::bucket(&index, &world.account, "other").await.id, ..world.clone() };
    let small = world.put("a").inline(b"xyz");
    let inline = small.blob();
    world.publish(small).await.unwrap();
    other.published("b").await;
    world.published("gone").await;
    let marker = world.delete("gone", None).await.marker;
    let unknown = cardea::model::BucketId::random();
    let keys = [
        (other.bucket, "b"),
        (world.bucket, "a"),
        (world.bucket, "gone"),
        (other.bucket, "a"),
        (unknown, "a"),
        (world.bucket, "a"),
    ];
    let found = index.find_many(keys.map(|(bucket, name)| (bucket, key(name))).to_vec()).await.unwrap();
    assert_eq!(found.len(), 6);
    assert_eq!(*found[0].as_ref().unwrap(), other.current("b").await);
    let mut expected = world.current("a").await;
    assert_eq!(expected.parts[0].inline.as_deref(), Some(b"xyz".as_slice()));
    expected.parts[0].inline = Some(bytes::Bytes::new());
    assert_eq!(*found[1].as_ref().unwrap(), expected);
    assert!(matches!(found[2], Err(Error::NoSuchObject { marker: told }) if told == marker));
    assert!(matches!(found[3], Err(Error::NoSuchObject { marker: None })));
    assert!(matches!(found[4], Err(Error::NoSuchBucket)));
    assert_eq!(*found[5].as_ref().unwrap(), expected);

    assert_eq!(index.inline_blob(inline).await.unwrap().as_deref(), Some(b"xyz".as_slice()));
    let elsewhere = other.current("b").await.parts[0].blob;
    assert_eq!(index.inline_blob(elsewhere).await.unwrap(), None);
}
