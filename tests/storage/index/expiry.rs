//! Objects whose `X-Delete-At` has come.

use std::sync::Arc;

use cardea::model::{ObjectMetadata, SystemMetadata, Timestamp, VersionId};
use cardea::storage::Error;
use cardea::storage::index::{Index, UpdateMetadata, Versioning};

use super::world::{World, key};

const NOON: i64 = 1_000_000;

fn at(seconds: i64) -> ObjectMetadata {
    let system = SystemMetadata { delete_at: Some(seconds), ..SystemMetadata::default() };
    ObjectMetadata { system, ..ObjectMetadata::default() }
}

async fn publish(world: &World, key: &str, seconds: i64) -> VersionId {
    let mut put = world.put(key);
    put.command.version.metadata = at(seconds);
    world.publish(put).await.unwrap().version_id
}

async fn expire(world: &World, seconds: i64, limit: u32) -> u32 {
    world.index.expire(Timestamp::from_seconds(seconds), limit).await.unwrap()
}

pub async fn what_has_expired_is_deleted_and_counted(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.published("stays").await;
    publish(&world, "noon", NOON).await;
    publish(&world, "later", NOON + 1).await;
    assert_eq!(expire(&world, NOON - 1, 100).await, 0);
    assert_eq!(world.usage().await, (3, 9));
    assert_eq!(expire(&world, NOON, 100).await, 1);
    assert_eq!(world.usage().await, (2, 6));
    assert!(world.find("noon", None).await.is_err());
    assert_eq!(world.freed().await.len(), 1);
    assert_eq!(expire(&world, NOON, 100).await, 0);
    assert!(world.find("later", None).await.is_ok());
    assert_eq!(expire(&world, NOON + 1, 100).await, 1);
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn expiry_goes_in_steps_and_the_earliest_first(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for n in (0..10).rev() {
        publish(&world, &format!("k{n}"), NOON + n).await;
    }
    assert_eq!(expire(&world, NOON + 100, 4).await, 4);
    assert!(world.find("k3", None).await.is_err() && world.find("k4", None).await.is_ok());
    assert_eq!(expire(&world, NOON + 100, 4).await, 4);
    assert_eq!(expire(&world, NOON + 100, 4).await, 2);
    assert_eq!(expire(&world, NOON + 100, 4).await, 0);
    assert_eq!(world.usage().await, (0, 0));
}

pub async fn a_new_time_or_none_takes_the_place_of_the_old(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for (name, metadata) in [("later", at(NOON + 1)), ("never", ObjectMetadata::default())] {
        publish(&world, name, NOON).await;
        let uid = world.current(name).await.uid;
        let update = UpdateMetadata { bucket: world.bucket, key: key(name), uid, metadata };
        world.index.update_metadata(update).await.unwrap();
    }
    publish(&world, "written again", NOON).await;
    world.published("written again").await;
    assert_eq!(expire(&world, NOON, 100).await, 0);
    assert_eq!(expire(&world, NOON + 1, 100).await, 1);
    assert_eq!(world.usage().await, (2, 6));
}

pub async fn an_expired_object_of_a_versioned_bucket_gets_a_marker(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let version = publish(&world, "k", NOON).await;
    assert_eq!(expire(&world, NOON, 100).await, 1);
    assert_eq!(world.usage().await, (0, 0));
    assert!(matches!(world.find("k", None).await, Err(Error::NoSuchObject { marker: Some(_) })));
    assert!(world.find("k", Some(version)).await.is_ok(), "the version stays");
    assert_eq!(expire(&world, NOON + 1, 100).await, 0, "and is not met again");
    assert_eq!(world.freed().await, []);

    publish(&world, "k", NOON).await;
    world.published("k").await;
    assert_eq!(expire(&world, NOON, 100).await, 0, "an old version is no current object");
}

pub async fn an_expired_null_version_goes_where_versions_are_suspended(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let kept = publish(&world, "k", NOON).await;
    world.set(Versioning::Suspended).await;
    publish(&world, "k", NOON).await;
    assert_eq!(expire(&world, NOON, 100).await, 1);
    assert_eq!(world.usage().await, (0, 0));
    assert!(matches!(
        world.find("k", None).await,
        Err(Error::NoSuchObject { marker: Some(VersionId::Null) })
    ));
    assert!(world.find("k", Some(kept)).await.is_ok());
    assert_eq!(world.freed().await.len(), 1);
}
