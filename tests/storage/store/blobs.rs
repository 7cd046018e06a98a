//! The blob store, over each kind of object store.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use cardea::model::{BlobId, InstallId, WriterId};
use cardea::storage::Error;
use cardea::storage::blobs::BlobWriter;
use futures_util::TryStreamExt;
use futures_util::future::join_all;

use super::Store;

fn id() -> BlobId {
    BlobId::random(WriterId::random())
}

/// Bytes that differ at every position.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

/// Writes as ops does: full buffers, then the last.
async fn write(mut writer: BlobWriter, mut data: &[u8]) -> Result<u64, Error> {
    loop {
        let mut buffer = writer.buffer().await?;
        assert!(buffer.is_empty() && buffer.capacity() >= writer.buffer_size());
        let (now, rest) = data.split_at(data.len().min(writer.buffer_size()));
        buffer.extend_from_slice(now);
        data = rest;
        if data.is_empty() {
            return writer.finish(buffer).await.map(|stored| stored.sealed);
        }
        writer.write(buffer).await?;
    }
}

/// Waits until nothing of the store is left but its record.
async fn becomes_empty(store: &Store) {
    if !store.is_local {
        // An upload in parts shows in no listing. `tests/stores/` asks afterwards whether one was left.
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    for _ in 0..6000 {
        let hidden = store.folder.as_ref().is_some_and(|folder| unfinished(folder.path()));
        if store.blobs.is_empty().await.unwrap() && !hidden {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("something was left");
}

fn unfinished(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { unfinished(&path) } else { true }
    })
}

fn damaged<T: std::fmt::Debug>(outcome: Result<T, Error>, blob: BlobId) -> bool {
    matches!(&outcome, Err(Error::BlobDamaged { blob: named, .. }) if *named == blob.to_string())
}

pub async fn a_blob_of_one_buffer_is_one_request(store: Store) {
    let (id, data) = (id(), pattern(100_000));
    assert_eq!(write(store.blobs.writer(id), &data).await.unwrap(), 100_000);
    assert_eq!(store.blobs.counts().puts(), 1);
    assert_eq!(store.blobs.size(&id).await.unwrap(), 100_000);
    assert_eq!(store.blobs.read(&id, 0..100_000).await.unwrap(), data);
    assert_eq!(store.blobs.read(&id, 5..17).await.unwrap(), data[5..17]);
    assert_eq!(store.blobs.read_sized(&id, 5..17, 100_000).await.unwrap(), data[5..17]);
    assert_eq!(store.blobs.counts().gets(), 4);
    if !store.is_local {
        return;
    }
    // A name is written once, and a second writer removes nothing.
    assert!(write(store.blobs.writer(id), b"other").await.is_err());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.blobs.read(&id, 0..100_000).await.unwrap(), data);
}

pub async fn a_blob_of_many_buffers(store: Store) {
    let size = store.blobs.writer(id()).buffer_size();
    for length in [size, size + 1, 3 * size, 3 * size + 7] {
        let (id, data) = (id(), pattern(length));
        assert_eq!(write(store.blobs.writer(id), &data).await.unwrap(), length as u64);
        assert_eq!(store.blobs.size(&id).await.unwrap(), length as u64);
        assert_eq!(store.blobs.read(&id, 0..length as u64).await.unwrap(), data);
    }
}

pub async fn two_buffers_serve_a_long_upload(store: Store) {
    let mut writer = store.blobs.writer(id());
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let mut buffer = writer.buffer().await.unwrap();
        places.insert(buffer.as_ptr() as usize);
        buffer.resize(writer.buffer_size(), 1);
        writer.write(buffer).await.unwrap();
    }
    let last = writer.buffer().await.unwrap();
    let _ = writer.finish(last).await.unwrap();
    if store.folder.is_some() {
        assert!(places.len() <= 2, "{places:?}");
    }
}

pub async fn a_small_blob_takes_a_small_buffer(store: Store) {
    let (id, mut writer) = (id(), store.blobs.writer(id()).expecting(5000));
    assert_eq!(writer.buffer_size(), 5000);
    assert_eq!(writer.buffer().await.unwrap().capacity(), 5000);
    let data = pattern(5000);
    assert_eq!(write(store.blobs.writer(id).expecting(5000), &data).await.unwrap(), 5000);
    assert_eq!(store.blobs.read(&id, 0..5000).await.unwrap(), data);
    let large = store.blobs.writer(id).expecting(1 << 40);
    assert_eq!(large.buffer_size(), store.blobs.writer(id).buffer_size());
}

pub async fn reading_what_is_missing_or_short(store: Store) {
    let missing = id();
    assert!(damaged(store.blobs.read(&missing, 0..1).await, missing));
    assert!(damaged(store.blobs.read_sized(&missing, 0..1, 1).await, missing));
    assert!(damaged(store.blobs.size(&missing).await, missing));
    let short = id();
    write(store.blobs.writer(short), &pattern(10)).await.unwrap();
    for range in [0..11, 9..11, 10..11, 50..60] {
        assert!(damaged(store.blobs.read(&short, range.clone()).await, short), "{range:?}");
        assert!(damaged(store.blobs.read_sized(&short, range.clone(), 60).await, short), "{range:?}");
    }
    assert!(damaged(store.blobs.read_sized(&short, 0..10, 9).await, short), "a blob that is too long");
}

pub async fn a_dropped_writer_leaves_nothing(store: Store) {
    for buffers in 0..3 {
        let mut writer = store.blobs.writer(id());
        for _ in 0..buffers {
            let mut buffer = writer.buffer().await.unwrap();
            buffer.resize(writer.buffer_size(), 1);
            writer.write(buffer).await.unwrap();
        }
        drop(writer);
        becomes_empty(&store).await;
    }
}

pub async fn a_writer_dropped_while_it_finishes_leaves_nothing(store: Store) {
    for buffers in 0..2 {
        let mut writer = store.blobs.writer(id());
        for _ in 0..buffers {
            let mut buffer = writer.buffer().await.unwrap();
            buffer.resize(writer.buffer_size(), 1);
            writer.write(buffer).await.unwrap();
        }
        let mut last = writer.buffer().await.unwrap();
        last.extend_from_slice(b"last");
        let mut finish = Box::pin(writer.finish(last));
        let _ = futures_util::poll!(&mut finish);
        drop(finish);
        becomes_empty(&store).await;
    }
}

pub async fn deleting_twice_is_deleting(store: Store) {
    let (first, second) = (id(), id());
    for id in [first, second] {
        write(store.blobs.writer(id), b"x").await.unwrap();
    }
    store.blobs.delete(&[first, id()]).await.unwrap();
    assert!(damaged(store.blobs.size(&first).await, first));
    assert_eq!(store.blobs.size(&second).await.unwrap(), 1);
    store.blobs.delete(&[first, second]).await.unwrap();
    store.blobs.delete(&[]).await.unwrap();
    assert!(store.blobs.is_empty().await.unwrap());
    assert_eq!(store.blobs.counts().deletes(), 4);
}

pub async fn all_blobs_are_listed_with_their_sizes(store: Store) {
    store.blobs.claim(InstallId::random()).await.unwrap();
    let mut expected = Vec::new();
    for length in [0, 1, 70_000] {
        let id = id();
        write(store.blobs.writer(id), &pattern(length)).await.unwrap();
        expected.push((id, length as u64));
    }
    expected.sort_unstable();
    let mut found: Vec<_> = store.blobs.all_blobs().try_collect().await.unwrap();
    found.sort_unstable();
    assert_eq!(found, expected);
}

pub async fn a_store_belongs_to_one_installation(store: Store) {
    let (mine, other) = (InstallId::random(), InstallId::random());
    assert!(store.blobs.is_empty().await.unwrap());
    assert_eq!(store.blobs.install_id().await.unwrap(), None);
    assert!(store.blobs.check().await.is_err());
    store.blobs.claim(mine).await.unwrap();
    store.blobs.claim(mine).await.unwrap();
    let refused = store.blobs.claim(other).await.unwrap_err().to_string();
    assert!(refused.contains(&mine.to_string()) && refused.contains(&other.to_string()), "{refused}");
    assert_eq!(store.blobs.install_id().await.unwrap(), Some(mine));
    store.blobs.check().await.unwrap();
    assert!(!store.blobs.is_empty().await.unwrap());
}

pub async fn processes_claim_a_store_at_once(store: Store) {
    let mine = InstallId::random();
    let store = Arc::new(store);
    let claim = |store: Arc<Store>| async move { store.again().claim(mine).await };
    for claim in (0..16).map(|_| tokio::spawn(claim(store.clone()))).collect::<Vec<_>>() {
        claim.await.unwrap().unwrap();
    }
    assert_eq!(store.blobs.install_id().await.unwrap(), Some(mine));
}

pub async fn unpublished_blobs_are_deleted(store: Store) {
    let (dropped, refused) = (id(), id());
    for id in [dropped, refused] {
        write(store.blobs.writer(id), b"x").await.unwrap();
    }
    let mut unpublished = store.blobs.unpublished();
    unpublished.add(dropped);
    drop(unpublished);
    let mut unpublished = store.blobs.unpublished();
    unpublished.add(refused);
    let outcome = unpublished.publish(async { Err::<(), _>(Error::PreconditionFailed) }).await;
    assert!(matches!(outcome, Err(Error::PreconditionFailed)));
    becomes_empty(&store).await;
}

pub async fn blobs_that_are_refused_when_nobody_waits_are_deleted(store: Store) {
    let refused = id();
    write(store.blobs.writer(refused), b"x").await.unwrap();
    let mut unpublished = store.blobs.unpublished();
    unpublished.add(refused);
    let (refuse, refusal) = tokio::sync::oneshot::channel();
    let mut abandoned = Box::pin(unpublished.publish(async { Err::<(), _>(refusal.await.unwrap()) }));
    let _ = futures_util::poll!(&mut abandoned);
    drop(abandoned);
    refuse.send(Error::PreconditionFailed).unwrap();
    becomes_empty(&store).await;
}

pub async fn what_the_index_may_have_taken_stays(store: Store) {
    let ids: Vec<_> = (0..3).map(|_| id()).collect();
    for id in &ids {
        write(store.blobs.writer(*id), b"x").await.unwrap();
    }
    let guard = |id: BlobId| {
        let mut unpublished = store.blobs.unpublished();
        unpublished.add(id);
        unpublished
    };
    guard(ids[0]).publish(async { Ok(()) }).await.unwrap();
    let unclear = Error::Unavailable("the disk is full".into());
    guard(ids[1]).publish(async { Err::<(), _>(unclear) }).await.unwrap_err();
    let mut abandoned = Box::pin(guard(ids[2]).publish(std::future::pending::<Result<(), Error>>()));
    let _ = futures_util::poll!(&mut abandoned);
    drop(abandoned);
    tokio::time::sleep(Duration::from_millis(50)).await;
    for id in &ids {
        assert_eq!(store.blobs.size(id).await.unwrap(), 1);
    }
}

pub async fn uploads_wait_for_the_budget_and_all_come_through(store: Store) {
    let small = store.starved();
    let length = 3 * small.writer(id()).buffer_size() + 1;
    let data = pattern(length);
    // A slow client holds one buffer all the while.
    let mut slow = small.writer(id());
    let held: BytesMut = slow.buffer().await.unwrap();
    let uploads = (0..8).map(|_| write(small.writer(id()), &data));
    let all = tokio::time::timeout(Duration::from_mins(10), join_all(uploads)).await.unwrap();
    assert!(all.into_iter().all(|outcome| outcome.unwrap() == length as u64));
    drop(held);
}
