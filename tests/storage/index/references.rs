//! References to blobs, and the end of a blob without references.

use std::sync::Arc;

use cardea::model::{BlobId, Timestamp};
use cardea::storage::Error;
use cardea::storage::index::{Index, NewBlob, Precondition};

use super::world::World;

/// Publishes a new object, and returns its blob.
async fn blob(world: &World, key: &str) -> BlobId {
    let put = world.put(key);
    let blob = put.blob();
    world.publish(put).await.unwrap();
    blob
}

pub async fn a_copy_shares_the_blob(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let shared = blob(&world, "a").await;
    world.publish(world.put("b").copying(&[shared])).await.unwrap();
    let copy = world.current("b").await;
    assert_eq!((copy.parts[0].blob, copy.parts[0].header.as_slice()), (shared, [9; 4].as_slice()));
    world.delete("a", None).await;
    assert_eq!(world.freed().await, []);
    world.delete("b", None).await;
    assert_eq!(world.freed().await, [shared]);
}

pub async fn zero_is_final(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let gone = blob(&world, "a").await;
    world.delete("a", None).await;
    let copy = world.publish(world.put("b").copying(&[gone])).await;
    assert!(matches!(copy, Err(Error::Changed)));
    let unknown = world.publish(world.put("b").copying(&[BlobId::random(world.writer)])).await;
    assert!(matches!(unknown, Err(Error::Changed)));
    assert!(world.find("b", None).await.is_err());
    assert_eq!(world.usage().await, (0, 0));
}

pub async fn a_copy_of_an_object_onto_itself_keeps_its_blob(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let kept = blob(&world, "k").await;
    world.publish(world.put("k").copying(&[kept])).await.unwrap();
    assert_eq!(world.current("k").await.parts[0].blob, kept);
    assert_eq!(world.freed().await, []);
    world.delete("k", None).await;
    assert_eq!(world.freed().await, [kept]);
}

pub async fn a_blob_may_be_referenced_twice_by_one_version(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let twice = blob(&world, "a").await;
    world.publish(world.put("b").copying(&[twice, twice])).await.unwrap();
    assert_eq!(world.current("b").await.parts.len(), 2);
    world.delete("a", None).await;
    assert_eq!(world.freed().await, []);
    world.delete("b", None).await;
    assert_eq!(world.freed().await, [twice]);

    let mut put = world.put("c");
    put.command.version.parts.push(put.command.version.parts[0].clone());
    let fresh = put.blob();
    world.publish(put).await.unwrap();
    world.publish(world.put("c").copying(&[fresh])).await.unwrap();
    assert_eq!(world.freed().await, [twice]);
    world.delete("c", None).await;
    assert_eq!(world.freed().await, [twice, fresh]);
}

pub async fn freed_blobs_come_oldest_first_and_are_forgotten(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut expected = Vec::new();
    for key in ["c", "a", "b"] {
        expected.push(blob(&world, key).await);
        world.delete(key, None).await;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let end = Timestamp::from_steps(i64::MAX);
    let freed = world.index.freed_blobs(end, 2).await.unwrap();
    assert_eq!(freed.iter().map(|blob| blob.id).collect::<Vec<_>>(), expected[..2]);
    assert!(freed[0].freed < freed[1].freed);
    let before = world.index.freed_blobs(freed[1].freed, 10).await.unwrap();
    assert_eq!(before, freed[..1], "the bound is exclusive");

    world.index.forget_blobs(vec![expected[1]]).await.unwrap();
    assert_eq!(world.freed().await, [expected[0], expected[2]]);
    let known = world.index.known_blobs(expected.clone()).await.unwrap();
    assert_eq!(known, [expected[0], expected[2]], "freed blobs are known, forgotten ones are not");
}

pub async fn a_new_blob_that_no_part_names_is_freed(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut put = world.put("k");
    let spare = BlobId::random(world.writer);
    put.command.new_blobs.push(NewBlob { id: spare, header: vec![], length: 1, inline: None });
    world.publish(put).await.unwrap();
    assert_eq!(world.freed().await, [spare]);
}

pub async fn inline_bytes_go_with_their_blob(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let put = world.put("k").inline(b"sealed bytes");
    let blob = put.blob();
    world.publish(put).await.unwrap();
    assert_eq!(world.current("k").await.parts[0].inline.as_deref(), Some(b"sealed bytes".as_slice()));
    world.publish(world.put("copy").copying(&[blob])).await.unwrap();
    world.delete("k", None).await;
    assert_eq!(world.current("copy").await.parts[0].inline.as_deref(), Some(b"sealed bytes".as_slice()));
    // A reader that has found it may still read it: the bytes stay until the blob is forgotten.
    let other = self::blob(&world, "other").await;
    world.delete("other", None).await;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    world.delete("copy", None).await;
    assert_eq!(world.freed().await, [other, blob]);
    assert_eq!(world.index.inline_blob(blob).await.unwrap().as_deref(), Some(b"sealed bytes".as_slice()));
    let end = Timestamp::from_steps(i64::MAX);
    let freed = world.index.freed_blobs(end, 10).await.unwrap();
    assert_eq!(freed.iter().map(|blob| blob.inline).collect::<Vec<_>>(), [false, true]);
    assert_eq!(world.index.freed_inline(end, 10).await.unwrap(), freed[1..]);
    assert_eq!(world.index.freed_inline(freed[1].freed, 10).await.unwrap(), []);
    world.exact().await;

    world.index.forget_blobs(vec![blob]).await.unwrap();
    assert!(!world.knows(blob).await);
    assert_eq!(world.index.inline_blob(blob).await.unwrap(), None);
    world.exact().await;
}

pub async fn bytes_come_with_objects_of_few_parts(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut blobs = Vec::new();
    for (key, length) in [("a", 3), ("b", 16_384), ("c", 65_536), ("d", 65_537)] {
        let put = world.put(key).size(length).inline(b"sealed bytes");
        blobs.push(put.blob());
        world.publish(put).await.unwrap();
    }
    let [tiny, small, middle, large] = blobs[..] else { unreachable!() };
    let with = [
        vec![tiny],
        vec![small; 4],
        vec![small, tiny, small],
        vec![middle],
        vec![middle, middle],
        vec![large],
    ];
    let mut found = Vec::new();
    for blobs in with.into_iter().chain([vec![tiny; 5], vec![tiny; 5000]]) {
        world.publish(world.put("k").copying(&blobs)).await.unwrap();
        let record = world.current("k").await;
        let bytes: Vec<_> = record.parts.iter().map(|part| part.inline.as_deref().unwrap()).collect();
        assert_eq!(bytes.len(), blobs.len());
        found.push(bytes.iter().filter(|bytes| **bytes == b"sealed bytes").count());
        assert!(bytes.iter().all(|bytes| bytes.is_empty() || *bytes == b"sealed bytes"));
    }
    assert_eq!(found, [1, 4, 3, 1, 0, 0, 0, 0]);
}

pub async fn a_refused_publish_leaves_no_blob(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    blob(&world, "k").await;
    let put = world.put("k").inline(b"x").when(Precondition::Absent);
    let refused = put.blob();
    assert!(world.publish(put).await.is_err());
    assert!(!world.knows(refused).await);
}

pub async fn a_referenced_blob_is_not_forgotten(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let held = blob(&world, "k").await;
    world.index.forget_blobs(vec![held]).await.unwrap();
    assert!(world.knows(held).await);
    assert_eq!(world.current("k").await.parts[0].blob, held);
}
