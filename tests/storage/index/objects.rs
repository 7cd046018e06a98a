//! Publishing, finding, changing and deleting in a bucket that keeps no versions.

use std::sync::{Arc, Mutex};

use cardea::model::{
    BlobId, EncryptionMode, ObjectMetadata, SystemMetadata, VersionId, VersionUid, WriterId,
};
use cardea::storage::Error;
use cardea::storage::index::{
    BucketAddress, Delete, Deleted, Existing, Index, NewBlob, Precondition, SealEnvelope, Silence,
    UpdateMetadata,
};

use super::world::{World, key, part};

fn metadata() -> ObjectMetadata {
    ObjectMetadata {
        user: [("farbe".to_owned(), "grün \"quoted\"".to_owned())].into(),
        system: SystemMetadata {
            content_type: Some("text/plain".into()),
            cache_control: Some("no-store".into()),
            delete_at: Some(2_000_000_000),
            ..SystemMetadata::default()
        },
    }
}

pub async fn a_version_reads_back_as_it_was_published(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut put = world.put("a/b").size(3).etag("0cc175b9");
    put.command.version.metadata = metadata();
    put.command.version.mode = EncryptionMode::Customer;
    put.command.version.part_count = Some(2);
    let (uid, blob) = (put.command.version.uid, put.blob());
    let published = world.publish(put).await.unwrap();
    assert_eq!((published.version_id, published.replaced), (VersionId::Null, None));

    let address = BucketAddress::Owned(world.account.clone(), super::world::name("bucket"));
    let (bucket, found) = world.index.find(&address, &key("a/b"), None).await.unwrap();
    assert_eq!(bucket.id, world.bucket);
    let found = found.unwrap();
    assert_eq!((found.key, found.uid, found.version_id), (key("a/b"), uid, VersionId::Null));
    assert_eq!((found.created, found.modified), (published.created, published.created));
    assert_eq!((found.size, found.mode, found.etag.as_str()), (3, EncryptionMode::Customer, "0cc175b9"));
    assert_eq!((found.part_count, found.digests), (Some(2), vec![1, 2]));
    assert_eq!(found.metadata, metadata());
    assert_eq!(found.envelope, b"sealed null");
    assert_eq!(found.parts.len(), 1);
    let read = &found.parts[0];
    assert_eq!((read.blob, read.offset, read.length, read.blob_length), (blob, 0, 3, 3));
    assert_eq!(
        (read.header.as_slice(), read.wrapped_key.as_slice()),
        ([9; 4].as_slice(), [7; 60].as_slice())
    );
    assert_eq!(read.inline, None);

    let by_id = world.find("a/b", Some(VersionId::Null)).await.unwrap();
    assert_eq!(by_id.uid, uid);
    let other = world.find("a/b", Some(VersionId::At(published.created))).await;
    assert!(matches!(other, Err(Error::NoSuchObject { marker: None })), "a null version has no other id");
}

pub async fn publish_replaces_the_null_version(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let (first, second) = (world.put("k"), world.put("k"));
    let (old, new) = (first.blob(), second.blob());
    let before = world.publish(first).await.unwrap();
    let after = world.publish(second).await.unwrap();
    let existing = Existing { version_id: VersionId::Null, mode: EncryptionMode::Managed };
    assert_eq!(after.replaced, Some(existing));
    assert!(after.created > before.created);
    assert_eq!(world.current("k").await.parts[0].blob, new);
    assert_eq!(world.freed().await, [old]);
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn preconditions_are_checked_in_the_commit(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let etags = |tags: &[&str]| Precondition::Etag(tags.iter().map(|tag| (*tag).to_owned()).collect());
    let put = async |precondition| world.publish(world.put("k").etag("one").when(precondition)).await;

    assert!(matches!(put(etags(&["one"])).await, Err(Error::NoSuchObject { marker: None })));
    assert!(matches!(put(Precondition::Present).await, Err(Error::PreconditionFailed)));
    put(Precondition::Absent).await.unwrap();
    assert!(matches!(put(Precondition::Absent).await, Err(Error::PreconditionFailed)));
    assert!(matches!(put(etags(&["two", "ONE"])).await, Err(Error::PreconditionFailed)));
    put(etags(&["two", "one"])).await.unwrap();
    put(Precondition::Present).await.unwrap();

    let delete = |precondition| world.index.delete(Delete { precondition, ..world.deletion("k", None) });
    assert!(matches!(delete(etags(&["two"])).await, Err(Error::PreconditionFailed)));
    assert!(matches!(delete(Precondition::Absent).await, Err(Error::PreconditionFailed)));
    delete(etags(&["one"])).await.unwrap();
    assert!(matches!(delete(etags(&["one"])).await, Err(Error::NoSuchObject { .. })));
    assert_eq!(world.freed().await.len(), 3);
}

pub async fn a_failed_seal_changes_nothing(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.published("k").await;
    let before = world.current("k").await;
    let mut put = world.put("k").inline(b"xyz");
    let blob = put.blob();
    put.command.seal = SealEnvelope(Box::new(|_| None));
    assert!(matches!(world.publish(put).await, Err(Error::Seal)));
    let mut put = world.put("k");
    put.command.seal = SealEnvelope(Box::new(|_| panic!("a bug in sealing")));
    assert!(matches!(world.publish(put).await, Err(Error::Internal(_))));

    assert_eq!(world.current("k").await, before);
    assert!(!world.knows(blob).await);
    assert_eq!(world.freed().await, []);
    assert_eq!(world.usage().await, (1, 3));
}

pub async fn the_seal_sees_the_version_id(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    let seen = Arc::new(Mutex::new(None));
    let (mut put, inside) = (world.put("k"), seen.clone());
    put.command.seal = SealEnvelope(Box::new(move |id| {
        *inside.lock().unwrap() = Some(id);
        Some(vec![1])
    }));
    let published = world.publish(put).await.unwrap();
    assert_eq!(published.version_id, VersionId::At(published.created));
    assert_eq!(*seen.lock().unwrap(), Some(published.version_id));
}

pub async fn a_fenced_or_unknown_writer_cannot_publish(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let unknown = World { writer: WriterId::random(), ..world.clone() };
    assert!(matches!(unknown.publish(unknown.put("k")).await, Err(Error::Fenced)));

    let other = WriterId::random();
    world.index.heartbeat(other).await.unwrap();
    assert_eq!(world.index.fence_silent(other, Silence::Everyone).await.unwrap(), [world.writer]);
    assert!(matches!(world.publish(world.put("k")).await, Err(Error::Fenced)));
    assert!(world.find("k", None).await.is_err());
}

pub async fn a_blob_of_another_writer_is_refused(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut put = world.put("k");
    let foreign = BlobId::random(WriterId::random());
    put.command.new_blobs[0].id = foreign;
    put.command.version.parts[0].blob = foreign;
    assert!(world.publish(put).await.is_err());
    assert!(!world.knows(foreign).await);
}

pub async fn keys_are_bytes(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let keys =
        ["a", "A", "a/", "a//", "/a", "../a", "a\0", "a\u{0}b", "ä", "a\u{308}", "%61", "a%", "a_", "🚪"];
    for (n, text) in keys.iter().enumerate() {
        world.publish(world.put(text).etag(&n.to_string())).await.unwrap();
    }
    for (n, text) in keys.iter().enumerate() {
        let found = world.current(text).await;
        assert_eq!((found.key, found.etag), (key(text), n.to_string()));
    }
    assert_eq!(world.usage().await.0, keys.len() as u64);
    assert!(world.find("b", None).await.is_err());
}

pub async fn metadata_is_replaced_for_the_version_that_was_read(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let published = world.publish(world.put("k")).await.unwrap();
    let uid = world.current("k").await.uid;
    let update =
        |uid, name: &str| UpdateMetadata { bucket: world.bucket, key: key(name), uid, metadata: metadata() };
    let modified = world.index.update_metadata(update(uid, "k")).await.unwrap();
    let found = world.current("k").await;
    assert!(modified > published.created);
    assert_eq!((found.modified, found.created), (modified, published.created));
    assert_eq!((found.metadata, found.uid, found.parts.len()), (metadata(), uid, 1));

    let changed = world.index.update_metadata(update(VersionUid::random(), "k")).await;
    assert!(matches!(changed, Err(Error::Changed)));
    let absent = world.index.update_metadata(update(uid, "none")).await;
    assert!(matches!(absent, Err(Error::NoSuchObject { marker: None })));
    let next = world.publish(world.put("k")).await.unwrap();
    assert!(next.created > modified, "Last-Modified never goes back");
}

pub async fn a_deleted_object_is_gone(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    assert_eq!(world.delete("k", None).await, Deleted::default());
    let put = world.put("k");
    let blob = put.blob();
    world.publish(put).await.unwrap();
    let deleted = world.delete("k", None).await;
    assert_eq!(deleted, Deleted { removed: Some(VersionId::Null), ..Deleted::default() });
    assert!(matches!(world.find("k", None).await, Err(Error::NoSuchObject { marker: None })));
    assert_eq!(world.freed().await, [blob]);
    assert_eq!(world.usage().await, (0, 0));

    world.published("k").await;
    let deleted = world.delete("k", Some(VersionId::Null)).await;
    assert_eq!((deleted.removed, deleted.marker), (Some(VersionId::Null), None));
    assert_eq!(world.usage().await, (0, 0));
}

pub async fn usage_follows_every_change(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.publish(world.put("a").size(10)).await.unwrap();
    world.publish(world.put("b").size(5)).await.unwrap();
    assert_eq!(world.usage().await, (2, 15));
    world.publish(world.put("a").size(1)).await.unwrap();
    assert_eq!(world.usage().await, (2, 6));
    world.publish(world.put("a").when(Precondition::Absent)).await.unwrap_err();
    assert_eq!(world.usage().await, (2, 6));
    world.delete("b", None).await;
    world.delete("b", None).await;
    assert_eq!(world.usage().await, (1, 1));
}

pub async fn the_parts_keep_their_order(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let blobs: Vec<_> = (0..300).map(|_| BlobId::random(world.writer)).collect();
    let mut put = world.put("k").size(600);
    put.command.version.parts = blobs.iter().zip(0..).map(|(blob, n)| part(*blob, n, 2)).collect();
    let new = |id: &BlobId| NewBlob { id: *id, header: vec![1], length: 2, inline: None };
    put.command.new_blobs = blobs.iter().rev().map(new).collect();
    world.publish(put).await.unwrap();
    let parts = world.current("k").await.parts;
    assert_eq!(parts.iter().map(|part| part.blob).collect::<Vec<_>>(), blobs);
    assert_eq!(parts.iter().map(|part| part.offset).collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
    world.delete("k", None).await;
    assert_eq!(world.freed().await.len(), 300);
}

pub async fn timestamps_of_a_key_only_grow(index: Arc<dyn Index>) {
    for world in [World::new(index.clone()).await, World::versioned(index).await] {
        let mut last = None;
        for _ in 0..50 {
            let created = world.publish(world.put("k")).await.unwrap().created;
            assert!(Some(created) > last);
            last = Some(created);
        }
    }
}
