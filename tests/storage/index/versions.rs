//! Versions, delete markers and null versions, in all three states of a bucket.

use std::sync::Arc;

use cardea::model::{Timestamp, VersionId};
use cardea::storage::Error;
use cardea::storage::index::{Deleted, Existing, Index, Precondition, Versioning};

use super::world::World;

/// The current version, by its ETag; `-` if there is none.
async fn current(world: &World) -> String {
    world.find("k", None).await.map_or("-".into(), |found| found.etag)
}

/// Publishes a version with this ETag.
async fn put(world: &World, etag: &str) -> VersionId {
    world.publish(world.put("k").etag(etag)).await.unwrap().version_id
}

/// Answers a read of the key with a delete marker.
async fn hidden_by(world: &World, key: &str) -> Option<VersionId> {
    match world.find(key, None).await {
        Err(Error::NoSuchObject { marker }) => marker,
        other => panic!("{other:?}"),
    }
}

pub async fn every_write_makes_a_version(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    let second = world.publish(world.put("k").etag("2")).await.unwrap();
    let expected = Existing { version_id: first, mode: cardea::model::EncryptionMode::Managed };
    assert_eq!(second.replaced, Some(expected));
    assert_ne!(first, second.version_id);
    assert_eq!(current(&world).await, "2");
    for (id, etag) in [(first, "1"), (second.version_id, "2")] {
        let found = world.find("k", Some(id)).await.unwrap();
        assert_eq!((found.etag.as_str(), found.version_id), (etag, id));
        assert_eq!(found.parts.len(), 1);
        assert_eq!(found.envelope, format!("sealed {id}").into_bytes());
    }
    assert_eq!(world.freed().await, []);
    let other = world.find("k", Some(VersionId::At(Timestamp::from_steps(1)))).await;
    assert!(matches!(other, Err(Error::NoSuchObject { marker: None })));
    assert!(world.find("k", Some(VersionId::Null)).await.is_err());
}

pub async fn a_delete_makes_a_marker(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let version = put(&world, "1").await;
    let deleted = world.delete("k", None).await;
    assert_eq!((deleted.removed, deleted.was_marker), (Some(version), false));
    let marker = deleted.marker.unwrap();
    assert_ne!(marker, VersionId::Null);
    assert_eq!(hidden_by(&world, "k").await, Some(marker));
    assert_eq!(world.find("k", Some(version)).await.unwrap().etag, "1");
    let read = world.find("k", Some(marker)).await;
    assert!(matches!(read, Err(Error::NoSuchObject { marker: Some(found) }) if found == marker));
    assert_eq!(world.freed().await, []);

    let again = world.delete("k", None).await;
    assert_eq!(again.removed, None, "there was no object to delete");
    assert_ne!(again.marker, Some(marker), "every delete makes a marker of its own");
    let nothing = world.delete("never was", None).await;
    assert_eq!((nothing.removed, nothing.marker.is_some()), (None, true));
    assert_eq!(hidden_by(&world, "never was").await, nothing.marker);
}

pub async fn deleting_the_marker_brings_the_object_back(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    let marker = world.delete("k", None).await.marker.unwrap();
    let deleted = world.delete("k", Some(marker)).await;
    let expected = Deleted { removed: Some(marker), marker: None, was_marker: true, current: Some(first) };
    assert_eq!(deleted, expected);
    assert_eq!(current(&world).await, "1");
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn deleting_the_latest_version_uncovers_the_one_before(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    let marker = world.delete("k", None).await.marker.unwrap();
    let third = put(&world, "3").await;
    let fourth = put(&world, "4").await;
    world.delete("k", Some(third)).await;
    assert_eq!(current(&world).await, "4");
    world.delete("k", Some(fourth)).await;
    assert_eq!(hidden_by(&world, "k").await, Some(marker));
    world.delete("k", Some(marker)).await;
    assert_eq!(current(&world).await, "1");
    world.delete("k", Some(first)).await;
    assert_eq!(hidden_by(&world, "k").await, None);
    assert_eq!(world.usage().await, (0, 0));
    assert_eq!(world.freed().await.len(), 3);
    world.index.delete_bucket(world.bucket).await.unwrap();
}

pub async fn suspended_writes_replace_the_null_version_only(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    world.set(Versioning::Suspended).await;
    assert_eq!(put(&world, "null 1").await, VersionId::Null);
    assert_eq!(put(&world, "null 2").await, VersionId::Null);
    assert_eq!(current(&world).await, "null 2");
    assert_eq!(world.freed().await.len(), 1);
    assert_eq!(world.find("k", Some(first)).await.unwrap().etag, "1");

    world.set(Versioning::Enabled).await;
    let third = put(&world, "3").await;
    assert_eq!(world.find("k", Some(VersionId::Null)).await.unwrap().etag, "null 2");
    world.set(Versioning::Suspended).await;
    put(&world, "null 3").await;
    assert_eq!(world.freed().await.len(), 2, "an older null version is replaced as well");
    world.delete("k", Some(VersionId::Null)).await;
    assert_eq!(current(&world).await, "3");
    world.delete("k", Some(third)).await;
    assert_eq!(current(&world).await, "1");
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn a_suspended_delete_puts_a_null_marker(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    world.set(Versioning::Suspended).await;
    put(&world, "null").await;
    let deleted = world.delete("k", None).await;
    assert_eq!((deleted.removed, deleted.marker), (Some(VersionId::Null), Some(VersionId::Null)));
    assert_eq!(world.freed().await.len(), 1, "the null version is gone");
    assert_eq!(hidden_by(&world, "k").await, Some(VersionId::Null));
    assert_eq!(
        world.delete("k", None).await.marker,
        Some(VersionId::Null),
        "a marker takes the marker's place"
    );
    assert_eq!(put(&world, "null 2").await, VersionId::Null);
    assert_eq!(current(&world).await, "null 2");
    world.delete("k", None).await;
    let deleted = world.delete("k", Some(VersionId::Null)).await;
    assert!(deleted.was_marker);
    assert_eq!(current(&world).await, "1");
    assert_eq!(world.find("k", Some(first)).await.unwrap().etag, "1");
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn a_version_made_before_versioning_is_null(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    assert_eq!(put(&world, "null").await, VersionId::Null);
    world.set(Versioning::Enabled).await;
    let second = put(&world, "2").await;
    assert_eq!(world.find("k", Some(VersionId::Null)).await.unwrap().etag, "null");
    assert_eq!(world.freed().await, []);
    world.delete("k", None).await;
    assert_eq!(world.find("k", Some(VersionId::Null)).await.unwrap().etag, "null");
    let deleted = world.delete("k", Some(VersionId::Null)).await;
    assert_eq!((deleted.removed, deleted.was_marker), (Some(VersionId::Null), false));
    assert_eq!(world.find("k", Some(second)).await.unwrap().etag, "2");
    assert_eq!(world.usage().await, (0, 0));
}

pub async fn a_version_that_is_not_there_is_deleted_already(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let first = put(&world, "1").await;
    for id in [VersionId::Null, VersionId::At(Timestamp::from_steps(5))] {
        let nothing = Deleted { current: Some(first), ..Deleted::default() };
        assert_eq!(world.delete("k", Some(id)).await, nothing);
        assert_eq!(world.delete("none", Some(id)).await, Deleted::default());
    }
    assert_eq!(current(&world).await, "1");
}

pub async fn preconditions_see_a_marker_as_absence(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    put(&world, "1").await;
    let marker = world.delete("k", None).await.marker;
    let put = async |precondition| world.publish(world.put("k").when(precondition)).await;
    let etag = Precondition::Etag(vec!["1".into()]);
    assert!(matches!(put(etag).await, Err(Error::NoSuchObject { marker: found }) if found == marker));
    assert!(matches!(put(Precondition::Present).await, Err(Error::PreconditionFailed)));
    let published = put(Precondition::Absent).await.unwrap();
    assert_eq!(published.replaced, None);
}

pub async fn usage_counts_current_versions_only(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    world.publish(world.put("k").size(10)).await.unwrap();
    let second = world.publish(world.put("k").size(4)).await.unwrap().version_id;
    assert_eq!(world.usage().await, (1, 4));
    let marker = world.delete("k", None).await.marker.unwrap();
    world.delete("k", None).await;
    assert_eq!(world.usage().await, (0, 0));
    world.delete("k", Some(marker)).await;
    assert_eq!(world.usage().await, (0, 0));
    world.publish(world.put("k").size(7)).await.unwrap();
    assert_eq!(world.usage().await, (1, 7));
    world.delete("k", Some(second)).await;
    assert_eq!(world.usage().await, (1, 7));
}
