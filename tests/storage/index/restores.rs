//! Old versions that become current again.

use std::sync::Arc;

use cardea::model::{VersionId, VersionUid};
use cardea::storage::Error;
use cardea::storage::index::{Index, Published, Restore, Result, SealEnvelope, Unchanged, Versioning};

use super::world::{World, key};

async fn unchanged(world: &World, version: VersionId) -> Unchanged {
    let uid = world.find("k", Some(version)).await.unwrap().uid;
    Unchanged { bucket: world.bucket, key: key("k"), version_id: version, uid }
}

async fn restore(world: &World, version: Unchanged) -> Result<Published> {
    let seal = SealEnvelope(Box::new(|id| Some(format!("restored {id}").into_bytes())));
    world.index.restore(Restore { version, seal }).await
}

pub async fn a_restored_version_is_a_new_one_of_the_same_contents(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let upload = world.begin("k").await;
    for number in [1, 4] {
        world.put_part("k", upload, number).await.unwrap();
    }
    let old = world.complete("k", upload, &[1, 4]).await.unwrap().version_id;
    let second = world.publish(world.put("k").size(10)).await.unwrap();
    let before = world.find("k", Some(old)).await.unwrap();
    let restored = restore(&world, unchanged(&world, old).await).await.unwrap();
    assert!(restored.created > second.created);
    assert_eq!(restored.version_id, VersionId::At(restored.created));
    assert_eq!(restored.replaced.map(|replaced| replaced.version_id), Some(second.version_id));

    let current = world.current("k").await;
    let mut expected = before.clone();
    (expected.version_id, expected.created, expected.modified) =
        (restored.version_id, restored.created, restored.created);
    expected.envelope = format!("restored {}", restored.version_id).into_bytes();
    assert_eq!(current, expected);
    assert_eq!(world.find("k", Some(old)).await.unwrap(), before);
    let numbered =
        world.index.numbered_parts(unchanged(&world, restored.version_id).await, 0, 9).await.unwrap();
    assert_eq!(numbered.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(world.usage().await, (1, 6));
    world.exact().await;

    world.delete("k", Some(old)).await;
    assert_eq!(world.freed().await, []);
    world.delete("k", Some(restored.version_id)).await;
    assert_eq!(world.freed().await.len(), 2);
    world.exact().await;
}

pub async fn manifests_and_metadata_are_restored(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let mut put = world.put("k").inline(b"xyz");
    put.command.version.manifest = Some(b"[]".to_vec());
    put.command.version.metadata.user = [("a".to_owned(), "b".to_owned())].into();
    put.command.version.metadata.system.content_type = Some("text/plain".into());
    put.command.version.metadata.system.delete_at = Some(4_000_000_000);
    let old = world.publish(put).await.unwrap().version_id;
    let before = world.current("k").await;
    world.delete("k", None).await;
    restore(&world, unchanged(&world, old).await).await.unwrap();
    let current = world.current("k").await;
    assert_eq!((current.manifest, current.metadata), (before.manifest, before.metadata));
    assert_eq!((current.digests, current.parts), (before.digests, before.parts));
    assert_eq!(world.usage().await, (1, 3));
    world.exact().await;
}

pub async fn a_null_version_is_restored_in_its_own_place(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.published("k").await;
    let blob = world.current("k").await.parts[0].blob;
    // If versions are not kept, the version replaces itself.
    let again = restore(&world, unchanged(&world, VersionId::Null).await).await.unwrap();
    assert_eq!((again.version_id, world.freed().await), (VersionId::Null, vec![]));
    world.exact().await;

    world.set(Versioning::Enabled).await;
    let second = world.published("k").await;
    world.set(Versioning::Suspended).await;
    let restored = restore(&world, unchanged(&world, VersionId::Null).await).await.unwrap();
    assert_eq!(restored.version_id, VersionId::Null);
    assert_eq!(world.current("k").await.parts[0].blob, blob);
    world.exact().await;
    let restored = restore(&world, unchanged(&world, second).await).await.unwrap();
    assert_eq!(restored.version_id, VersionId::Null, "it takes the place of the null version");
    assert_eq!(world.freed().await, [blob]);
    assert_eq!(world.find("k", Some(second)).await.unwrap().parts, world.current("k").await.parts);
    assert_eq!(world.usage().await, (1, 3));
    world.exact().await;
}

pub async fn what_is_gone_or_a_marker_is_not_restored(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let old = world.published("k").await;
    let version = unchanged(&world, old).await;
    let marker = world.delete("k", None).await.marker.unwrap();
    let bad = [
        Unchanged { version_id: marker, ..version.clone() },
        Unchanged { uid: VersionUid::random(), ..version.clone() },
        Unchanged { key: key("other"), ..version.clone() },
    ];
    for bad in bad {
        assert!(matches!(restore(&world, bad).await, Err(Error::Changed)));
    }
    let unsealed = Restore { version: version.clone(), seal: SealEnvelope(Box::new(|_| None)) };
    assert!(matches!(world.index.restore(unsealed).await, Err(Error::Seal)));
    world.delete("k", Some(old)).await;
    assert!(matches!(restore(&world, version).await, Err(Error::Changed)));
    assert_eq!(world.usage().await, (0, 0));
    world.exact().await;
}
