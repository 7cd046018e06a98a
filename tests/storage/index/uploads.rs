//! Multipart uploads: parts, completion, abort, and their references.

use std::sync::Arc;

use cardea::model::{
    BlobId, ChecksumAlgorithm, ChecksumKind, EncryptionMode, ObjectMetadata, SystemMetadata, Timestamp,
    VersionId, VersionUid, WriterId,
};
use cardea::storage::Error;
use cardea::storage::index::{
    Index, ListUploads, MAX_REFERENCES, NewBlob, Precondition, SealEnvelope, Unchanged, UploadChecksum,
};
use futures_util::future::join_all;

use super::world::{World, bucket, key, part};

fn metadata() -> ObjectMetadata {
    ObjectMetadata {
        user: [("farbe".to_owned(), "grün".to_owned())].into(),
        system: SystemMetadata { content_type: Some("text/plain".into()), ..SystemMetadata::default() },
    }
}

pub async fn an_upload_reads_back_as_it_began(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let checksum = UploadChecksum {
        algorithm: ChecksumAlgorithm::Crc64Nvme,
        kind: ChecksumKind::FullObject,
        chosen: true,
    };
    for (name, checksum) in [("a", Some(checksum)), ("b", None)] {
        let mut begin = world.upload(name);
        (begin.mode, begin.checksum, begin.metadata) = (EncryptionMode::Customer, checksum, metadata());
        let (id, initiator) = (begin.uid, begin.initiator.clone());
        let created = world.index.create_upload(begin).await.unwrap();
        let found = world.index.upload(world.bucket, &key(name), id).await.unwrap();
        assert_eq!((&found.key, found.uid, found.created), (&key(name), id, created));
        assert_eq!((found.initiator, found.mode), (initiator, EncryptionMode::Customer));
        assert_eq!((found.envelope.as_slice(), found.checksum), (b"upload".as_slice(), checksum));
        assert_eq!(found.metadata, metadata());
        let elsewhere = world.index.upload(world.bucket, &key("other"), id).await;
        assert!(matches!(elsewhere, Err(Error::NoSuchUpload)));
    }
    let other = bucket(&world.index, &world.account, "other").await.id;
    let id = world.begin("a").await;
    assert!(matches!(world.index.upload(other, &key("a"), id).await, Err(Error::NoSuchUpload)));
    let unknown = World { bucket: cardea::model::BucketId::random(), ..world.clone() };
    assert!(matches!(world.index.create_upload(unknown.upload("a")).await, Err(Error::NoSuchBucket)));
    assert!(world.find("a", None).await.is_err(), "an upload is no object");
    world.exact().await;
}

pub async fn parts_are_kept_by_number(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    for number in [3, 1, 10_000, 2] {
        world.put_part("k", id, number).await.unwrap();
    }
    let (upload, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!(upload.uid, id);
    assert_eq!(parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3, 10_000]);
    for part in &parts {
        assert_eq!((part.size, part.etag.clone()), (3, format!("part {}", part.number)));
        assert_eq!((part.refs.len(), part.refs[0].length, part.refs[0].wrapped_key.len()), (1, 3, 60));
    }
    let page = world.index.list_parts(world.bucket, &key("k"), id, 1, 2).await.unwrap();
    assert_eq!(page.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [2, 3]);
    assert!(page.truncated && page.parts.iter().all(|part| part.refs.is_empty()));
    let page = world.index.list_parts(world.bucket, &key("k"), id, 3, 1).await.unwrap();
    assert_eq!((page.parts.len(), page.parts[0].number, page.truncated), (1, 10_000, false));
    world.exact().await;
}

pub async fn a_part_replaces_the_one_of_its_number(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    let first = world.part("k", id, 1);
    let blob = first.refs[0].blob;
    let mut last = world.index.put_part(first).await.unwrap();
    for round in 0..20 {
        let created = world.put_part("k", id, 1).await.unwrap();
        assert!(created > last, "round {round}");
        last = created;
    }
    assert_eq!(world.freed().await.len(), 20);
    assert!(world.freed().await.contains(&blob));
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!((parts.len(), parts[0].created, parts[0].refs.len()), (1, last, 1));

    // By references to its own blob and to an object's, one of them inline.
    let object = world.put("object").inline(b"xyz");
    let inline = object.blob();
    world.publish(object).await.unwrap();
    let mut copy = world.part("k", id, 1);
    let own = parts[0].refs[0].blob;
    copy.refs = vec![part(inline, 1, 2), part(own, 0, 3), part(inline, 0, 1)];
    (copy.new_blobs, copy.size) = (vec![], 6);
    world.index.put_part(copy).await.unwrap();
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    let found: Vec<_> = parts[0].refs.iter().map(|part| (part.blob, part.offset, part.length)).collect();
    assert_eq!(found, [(inline, 1, 2), (own, 0, 3), (inline, 0, 1)]);
    world.exact().await;
    world.delete("object", None).await;
    assert!(!world.freed().await.contains(&inline));
    world.put_part("k", id, 1).await.unwrap();
    assert!(world.freed().await.contains(&inline));
    world.exact().await;
}

pub async fn a_part_is_refused_and_leaves_nothing(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    world.published("source").await;
    let source = world.current("source").await;
    let mut version = Unchanged {
        bucket: world.bucket,
        key: key("source"),
        version_id: source.version_id,
        uid: source.uid,
    };

    let mut copy = world.part("k", id, 1);
    (copy.refs, copy.new_blobs) = (source.parts.clone(), vec![]);
    copy.unchanged = vec![version.clone()];
    world.index.put_part(copy).await.unwrap();
    version.uid = VersionUid::random();
    let mut stale = world.part("k", id, 2);
    stale.unchanged = vec![version];
    let blob = stale.refs[0].blob;
    assert!(matches!(world.index.put_part(stale).await, Err(Error::Changed)));
    assert!(!world.knows(blob).await);

    let mut fenced = world.part("k", id, 2);
    fenced.writer = WriterId::random();
    assert!(matches!(world.index.put_part(fenced).await, Err(Error::Fenced)));
    for (name, id) in [("other", id), ("k", VersionUid::random())] {
        assert!(matches!(world.put_part(name, id, 1).await, Err(Error::NoSuchUpload)));
    }
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!(parts.len(), 1);
    world.exact().await;
}

pub async fn completion_moves_the_chosen_parts(index: Arc<dyn Index>) {
    let world = World::versioned(index).await;
    world.published("k").await;
    let id = world.begin("k").await;
    for number in 1..=5 {
        world.put_part("k", id, number).await.unwrap();
    }
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    let published = world.complete("k", id, &[2, 3, 5]).await.unwrap();
    assert_eq!(published.version_id, VersionId::At(published.created));
    assert!(published.replaced.is_some());

    let found = world.current("k").await;
    assert_eq!((found.uid, found.size, found.part_count), (id, 9, Some(3)));
    assert_eq!(found.envelope, format!("sealed {}", published.version_id).into_bytes());
    let blobs =
        |parts: &[cardea::storage::index::PartRecord]| parts.iter().map(|part| part.blob).collect::<Vec<_>>();
    let chosen = [&parts[1], &parts[2], &parts[4]];
    assert_eq!(blobs(&found.parts), chosen.map(|part| part.refs[0].blob));
    let dropped = [&parts[0], &parts[3]].map(|part| part.refs[0].blob);
    assert_eq!(world.freed().await.len(), 2);
    assert!(world.freed().await.iter().all(|blob| dropped.contains(blob)));

    let version =
        Unchanged { bucket: world.bucket, key: key("k"), version_id: published.version_id, uid: id };
    let numbered = world.index.numbered_parts(version.clone(), 0, 10).await.unwrap();
    assert_eq!(
        numbered.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>(),
        [(2, 3), (3, 3), (5, 3)]
    );
    assert_eq!(numbered[0].digests, [2]);
    let one = world.index.numbered_parts(version.clone(), 2, 1).await.unwrap();
    assert_eq!(one[..], numbered[1..2]);
    let other = Unchanged { uid: VersionUid::random(), ..version.clone() };
    assert!(matches!(world.index.numbered_parts(other, 0, 1).await, Err(Error::Changed)));
    let anew = super::rewraps::rewrap(&world, &found);
    let version = Unchanged { uid: anew.uid, ..version };
    world.index.rewrap(vec![anew]).await.unwrap();
    assert_eq!(world.index.numbered_parts(version, 0, 10).await.unwrap(), [], "they were the old holder's");

    assert!(matches!(world.complete("k", id, &[2]).await, Err(Error::NoSuchUpload)));
    assert!(matches!(world.put_part("k", id, 1).await, Err(Error::NoSuchUpload)));
    assert!(world.list_uploads(ListUploads { limit: 10, ..world.all_uploads() }).await.is_empty());
    assert_eq!(world.usage().await, (1, 9));
    world.exact().await;
    world.delete("k", Some(published.version_id)).await;
    assert_eq!(world.freed().await.len(), 5);
    world.exact().await;
}

pub async fn a_refused_completion_leaves_the_upload(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    world.published("k").await;
    let id = world.begin("k").await;
    for number in 1..=3 {
        world.put_part("k", id, number).await.unwrap();
    }
    let mut refused = world.completion("k", id, &[1, 3]).await;
    refused.publish.precondition = Precondition::Absent;
    assert!(matches!(world.index.complete_upload(refused).await, Err(Error::PreconditionFailed)));
    let mut refused = world.completion("k", id, &[1, 3]).await;
    refused.publish.seal = SealEnvelope(Box::new(|_| None));
    assert!(matches!(world.index.complete_upload(refused).await, Err(Error::Seal)));
    let mut refused = world.completion("k", id, &[1, 3]).await;
    refused.parts[1].created = Timestamp::from_steps(1);
    assert!(matches!(world.index.complete_upload(refused).await, Err(Error::Changed)));
    let mut refused = world.completion("k", id, &[1, 3]).await;
    refused.parts[1].number = 4;
    assert!(matches!(world.index.complete_upload(refused).await, Err(Error::Changed)));
    let stale = world.completion("k", id, &[1, 3]).await;
    world.put_part("k", id, 3).await.unwrap();
    assert!(matches!(world.index.complete_upload(stale).await, Err(Error::Changed)));

    world.exact().await;
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!(parts.len(), 3);
    world.complete("k", id, &[1, 2, 3]).await.unwrap();
    assert_eq!(world.current("k").await.parts.len(), 3);
    world.exact().await;
}

pub async fn an_aborted_upload_is_gone(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    for number in 1..=3 {
        world.put_part("k", id, number).await.unwrap();
    }
    let elsewhere = world.index.abort_upload(world.bucket, &key("other"), id).await;
    assert!(matches!(elsewhere, Err(Error::NoSuchUpload)));
    world.index.abort_upload(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!(world.freed().await.len(), 3);
    let again = world.index.abort_upload(world.bucket, &key("k"), id).await;
    assert!(matches!(again, Err(Error::NoSuchUpload)));
    assert!(matches!(world.put_part("k", id, 1).await, Err(Error::NoSuchUpload)));
    world.exact().await;
}

pub async fn uploads_go_with_their_bucket(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let mut uploads = Vec::new();
    for round in 0..4 {
        let id = world.begin(&format!("k{}", round % 2)).await;
        for number in 1..=3 {
            world.put_part(&format!("k{}", round % 2), id, number).await.unwrap();
        }
        uploads.push(id);
    }
    world.published("object").await;
    assert!(matches!(world.index.delete_bucket(world.bucket).await, Err(Error::BucketNotEmpty)));
    assert_eq!(world.list_uploads(world.all_uploads()).await.len(), 4, "a refused deletion drops none");
    world.delete("object", None).await;
    world.index.delete_bucket(world.bucket).await.unwrap();
    assert_eq!(world.freed().await.len(), 13);
    assert!(matches!(world.put_part("k0", uploads[0], 1).await, Err(Error::NoSuchBucket)));
    world.exact().await;
}

pub async fn many_uploads_go_in_steps(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for uploads in join_all((0..101).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                world.begin(&format!("k{n}")).await;
            }
        })
    }))
    .await
    {
        uploads.unwrap();
    }
    world.index.delete_bucket(world.bucket).await.unwrap();
    world.exact().await;
}

pub async fn an_upload_of_many_parts(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    let all: Vec<u32> = (1..=1200).collect();
    // Some at a time, because a command waits for its turn only so long.
    for some in all.rchunks(100) {
        for put in join_all(some.iter().rev().map(|number| world.put_part("k", id, *number))).await {
            put.unwrap();
        }
    }
    let command = world.completion("k", id, &all).await;
    let expected: Vec<_> = command.publish.version.parts.iter().map(|part| part.blob).collect();
    world.index.complete_upload(command).await.unwrap();
    let found: Vec<BlobId> = world.current("k").await.parts.iter().map(|part| part.blob).collect();
    assert_eq!(found, expected);
    assert_eq!(world.freed().await, []);
    world.exact().await;
}

/// The first command wins; a losing command has changed nothing; no reference is lost.
pub async fn parts_completions_and_aborts_race(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    for round in 0..12_u32 {
        let name = format!("k{}", round % 3);
        let id = world.begin(&name).await;
        for number in 1..=4 {
            world.put_part(&name, id, number).await.unwrap();
        }
        let task = |kind: u32| {
            let (world, name) = (world.clone(), name.clone());
            tokio::spawn(async move {
                match kind {
                    0..=5 => world.put_part(&name, id, kind % 4 + 1).await.map(|_| false),
                    6..=8 => {
                        let numbers = if kind == 6 { vec![1, 2, 3, 4] } else { vec![2, 4] };
                        match world.try_completion(&name, id, &numbers).await {
                            Ok(command) => world.index.complete_upload(command).await.map(|_| true),
                            Err(error) => Err(error),
                        }
                    }
                    _ if round % 2 == 0 => {
                        world.index.abort_upload(world.bucket, &key(&name), id).await.map(|()| true)
                    }
                    _ => Err(Error::NoSuchUpload),
                }
            })
        };
        let outcomes = join_all((0..10).map(task)).await;
        let ended = outcomes.iter().filter(|outcome| matches!(outcome.as_ref().unwrap(), Ok(true))).count();
        assert!(ended <= 1, "an upload ends once");
        for outcome in outcomes {
            assert!(matches!(outcome.unwrap(), Ok(_) | Err(Error::NoSuchUpload | Error::Changed)));
        }
        if ended == 0 {
            world.index.abort_upload(world.bucket, &key(&name), id).await.unwrap();
        }
        world.exact().await;
    }
    assert!(world.list_uploads(world.all_uploads()).await.is_empty());
}

pub async fn copies_give_an_upload_so_many_references(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let put = world.put("object");
    let blob = put.blob();
    world.publish(put).await.unwrap();
    let id = world.begin("k").await;
    let copy = async |number, references| {
        let mut copy = world.part("k", id, number);
        copy.new_blobs.clear();
        copy.refs = vec![part(blob, 0, 3); references];
        copy.size = 3 * references as u64;
        world.index.put_part(copy).await
    };
    assert!(matches!(copy(1, MAX_REFERENCES + 1).await, Err(Error::TooManyReferences)));
    copy(1, MAX_REFERENCES - 2).await.unwrap();
    assert!(matches!(copy(2, 3).await, Err(Error::TooManyReferences)));
    copy(2, 2).await.unwrap();
    copy(1, MAX_REFERENCES - 2).await.unwrap();
    // An uploaded part is counted by its number alone, and there are few numbers.
    world.put_part("k", id, 3).await.unwrap();
    assert!(matches!(copy(2, 2).await, Err(Error::TooManyReferences)));
    let (_, parts) = world.index.upload_parts(world.bucket, &key("k"), id).await.unwrap();
    assert_eq!(parts.iter().map(|part| part.refs.len()).collect::<Vec<_>>(), [MAX_REFERENCES - 2, 2, 1]);
    world.exact().await;

    // Two at once do not pass each other.
    let other = world.begin("k").await;
    let half = |number| {
        let mut copy = world.part("k", other, number);
        copy.new_blobs.clear();
        copy.refs = vec![part(blob, 0, 3); MAX_REFERENCES / 2 + 1];
        copy.size = 3 * copy.refs.len() as u64;
        world.index.put_part(copy)
    };
    let (first, second) = tokio::join!(half(1), half(2));
    assert!(first.is_ok() != second.is_ok());
    world.exact().await;
}

pub async fn a_new_blob_of_a_part_may_be_inline(index: Arc<dyn Index>) {
    let world = World::new(index).await;
    let id = world.begin("k").await;
    let mut small = world.part("k", id, 1);
    small.new_blobs[0].inline = Some(bytes::Bytes::from_static(b"abc"));
    let blob = small.refs[0].blob;
    small.new_blobs.push(NewBlob {
        id: BlobId::random(world.writer),
        header: vec![],
        length: 1,
        inline: None,
    });
    world.index.put_part(small).await.unwrap();
    assert_eq!(world.index.inline_blob(blob).await.unwrap().as_deref(), Some(b"abc".as_slice()));
    assert_eq!(world.freed().await.len(), 1, "a blob that no reference names");
    world.complete("k", id, &[1]).await.unwrap();
    assert_eq!(world.current("k").await.parts[0].inline.as_deref(), Some(b"abc".as_slice()));
    world.delete("k", None).await;
    world.index.forget_blobs(world.freed().await).await.unwrap();
    assert_eq!(world.index.inline_blob(blob).await.unwrap(), None);
    world.exact().await;
}
