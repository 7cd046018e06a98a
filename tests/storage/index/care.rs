//! Writers, fencing, the sweep of a dead writer's blobs, and the reaper.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use cardea::care::reaper::Reaper;
use cardea::care::sweeper::Sweeper;
use cardea::care::task::Task;
use cardea::model::{BlobId, Timestamp, WriterId};
use cardea::storage::Error;
use cardea::storage::index::rows::{Mark, Value, table};
use cardea::storage::index::{Index, Silence};
use cardea::storage::pins::Pins;

use super::world::{World, local, memory, sqlite};
use crate::storage::store::Store;

pub async fn silent_writers_are_fenced_once(index: Arc<dyn Index>) {
    let (me, loud) = (WriterId::random(), WriterId::random());
    let silent = silent_for(&*index, Duration::from_mins(10)).await;
    index.heartbeat(loud).await.unwrap();
    let (hour, minutes) = (Silence::For(Duration::from_hours(1)), Silence::For(Duration::from_mins(5)));
    assert_eq!(index.fence_silent(me, hour).await.unwrap(), []);
    assert_eq!(index.fence_silent(me, minutes).await.unwrap(), [silent]);
    assert_eq!(index.fence_silent(me, hour).await.unwrap(), [silent], "until it is swept");
    index.heartbeat(loud).await.unwrap();
    assert!(matches!(index.heartbeat(silent).await, Err(Error::Fenced)));
    assert_eq!(index.fence_silent(me, Silence::Everyone).await.unwrap(), [silent, loud]);
}

pub async fn a_fenced_writer_stays_fenced(index: Arc<dyn Index>) {
    let (me, other) = (WriterId::random(), WriterId::random());
    index.heartbeat(other).await.unwrap();
    index.heartbeat(me).await.unwrap();
    index.fence_silent(me, Silence::Everyone).await.unwrap();
    assert!(matches!(index.heartbeat(other).await, Err(Error::Fenced)));
    index.writer_swept(other).await.unwrap();
    assert!(matches!(index.heartbeat(other).await, Err(Error::Fenced)));
}

pub async fn a_swept_writer_is_told_no_more(index: Arc<dyn Index>) {
    let (me, other) = (WriterId::random(), WriterId::random());
    index.heartbeat(other).await.unwrap();
    index.heartbeat(me).await.unwrap();
    index.writer_swept(other).await.unwrap();
    assert_eq!(
        index.fence_silent(me, Silence::Everyone).await.unwrap(),
        [other],
        "only a fenced writer can be swept"
    );
    index.writer_swept(other).await.unwrap();
    assert_eq!(index.fence_silent(me, Silence::Everyone).await.unwrap(), []);
}

pub async fn writers_are_unswept_until_they_are_swept(index: Arc<dyn Index>) {
    let (me, other) = (WriterId::random(), WriterId::random());
    assert_eq!(index.unswept_writers().await.unwrap(), []);
    for writer in [me, other] {
        index.heartbeat(writer).await.unwrap();
    }
    let mut both = vec![me, other];
    both.sort_by_key(|writer| writer.0);
    assert_eq!(index.unswept_writers().await.unwrap(), both);
    index.fence_silent(me, Silence::Everyone).await.unwrap();
    assert_eq!(index.unswept_writers().await.unwrap(), both, "fenced is not swept");
    index.writer_swept(other).await.unwrap();
    assert_eq!(index.unswept_writers().await.unwrap(), [me]);
}

/// Stores a blob of its writer.
async fn store(store: &Store, writer: WriterId) -> BlobId {
    let id = BlobId::random(writer);
    let mut blob = store.blobs.writer(id);
    let mut buffer: BytesMut = blob.buffer().await.unwrap();
    buffer.extend_from_slice(b"sealed");
    assert_eq!(blob.finish(buffer).await.unwrap().id, id);
    id
}

async fn stands(store: &Store, id: BlobId) -> bool {
    match store.blobs.size(&id).await {
        Ok(_) => true,
        Err(Error::BlobDamaged { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_sweep_deletes_what_the_dead_had_not_published() {
    for files in [local(), memory()] {
        let dead = World::new(sqlite()).await;
        let put = dead.put("k");
        let (indexed, mut put) = (store(&files, dead.writer).await, put);
        put.command.new_blobs[0].id = indexed;
        put.command.version.parts[0].blob = indexed;
        dead.publish(put).await.unwrap();
        let orphan = store(&files, dead.writer).await;
        if let Some(folder) = &files.folder {
            // The file that a kill in the middle of an upload leaves: no listing shows it.
            let name = hex::encode(orphan.as_bytes());
            let path = folder.path().join(format!("blobs %#/blobs/{}/{}/half#1", &name[..16], &name[16..18]));
            std::fs::write(&path, b"half").unwrap();
        }

        let me = WriterId::random();
        dead.index.heartbeat(me).await.unwrap();
        let mine = store(&files, me).await;
        let mut sweeper = Sweeper::alone(dead.index.clone(), files.blobs.clone(), me);
        assert_eq!(sweeper.sweep().await.unwrap(), 1);
        assert!(stands(&files, indexed).await && stands(&files, mine).await);
        assert!(!stands(&files, orphan).await);
        assert_eq!(sweeper.sweep().await.unwrap(), 0);
        assert_eq!(dead.index.unswept_writers().await.unwrap(), [me]);
        if let Some(folder) = &files.folder {
            assert_eq!(count_files(folder.path()), 2, "only the two blobs");
        }
    }
}

#[tokio::test]
async fn a_fenced_writer_that_does_not_know_it_is_swept_again() {
    let files = memory();
    let dead = World::new(sqlite()).await;
    let (me, settle) = (WriterId::random(), Duration::from_secs(8));
    dead.index.heartbeat(me).await.unwrap();
    let (index, blobs) = (dead.index.clone(), files.blobs.clone());
    let mut sweeper = Sweeper::new(index, blobs, me, Silence::Everyone, settle);
    let early = store(&files, dead.writer).await;
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
    assert!(!stands(&files, early).await);
    let late = store(&files, dead.writer).await;
    let round = sweeper.round().await.unwrap();
    assert_eq!(round.done, 0, "not before it has settled");
    assert!(round.rest < Duration::from_mins(1), "it does not wait for long with some that have not settled");
    assert!(dead.index.unswept_writers().await.unwrap().contains(&dead.writer));
    tokio::time::sleep(settle).await;
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
    assert!(!stands(&files, late).await);
    assert!(sweeper.round().await.unwrap().rest > Duration::from_mins(1), "nobody else can come");
    assert_eq!(dead.index.unswept_writers().await.unwrap(), [me]);
}

/// Registers a process whose last heartbeat is this long ago.
async fn silent_for(index: &dyn Index, silence: Duration) -> WriterId {
    let writer = WriterId::random();
    let heard = Value::Int(Timestamp::now().minus(silence).steps());
    let id = Value::Bytes(writer.0.to_vec().into());
    let row = vec![id, heard.clone(), heard, Value::Null, Value::Null];
    index.rows().load(table("writers").unwrap(), vec![row]).await.unwrap();
    writer
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

#[tokio::test]
async fn orphans_from_long_after_the_last_heartbeat_mean_that_the_index_was_set_back() {
    let shared = Silence::For(minutes(1));
    for (silence, heard, is_set_back) in [
        (Silence::Everyone, minutes(1), false),
        (Silence::Everyone, minutes(6), true),
        // It may have been cut off from the index, and gone on with its requests.
        (shared, minutes(6), false),
        (shared, minutes(61), true),
    ] {
        let (files, index) = (memory(), sqlite());
        let (me, dead) = (WriterId::random(), WriterId::random());
        index.heartbeat(me).await.unwrap();
        index.heartbeat(dead).await.unwrap();
        let writer = silent_for(&*index, heard).await;
        let (orphan, other) = (store(&files, writer).await, store(&files, dead).await);
        let mut sweeper = Sweeper::new(index.clone(), files.blobs.clone(), me, silence, Duration::ZERO);
        sweeper.sweep().await.unwrap();
        let mark = index.rows().mark(Mark::Restored).await.unwrap();
        assert_eq!((mark.is_some(), stands(&files, orphan).await), (is_set_back, is_set_back), "{heard:?}");
        if !is_set_back {
            continue;
        }
        assert!(stands(&files, other).await, "nothing is deleted of anybody");
        assert_eq!(sweeper.sweep().await.unwrap(), 0);
        let strangers = files.blobs.writers().await.unwrap();
        assert!(index.rows().accept(&mark.unwrap(), strangers).await.unwrap());
        assert!(index.fencing(me).await.unwrap().is_none(), "it stands, and goes on");
        index.heartbeat(me).await.unwrap();
        let mut sweeper = Sweeper::alone(index.clone(), files.blobs.clone(), me);
        assert_eq!(sweeper.sweep().await.unwrap(), 2);
        assert!(!stands(&files, orphan).await && !stands(&files, other).await);
    }
}

#[tokio::test]
async fn what_a_fenced_process_goes_on_writing_says_nothing_of_the_index() {
    let (files, index, me) = (memory(), sqlite(), WriterId::random());
    index.heartbeat(me).await.unwrap();
    let stopped = silent_for(&*index, minutes(600)).await;
    index.fence_silent(me, Silence::For(minutes(1))).await.unwrap();
    let orphan = store(&files, stopped).await;
    let mut sweeper = Sweeper::shared(index.clone(), files.blobs.clone(), me, Duration::ZERO);
    assert_eq!(sweeper.sweep().await.unwrap(), 1);
    assert!(!stands(&files, orphan).await);
    assert_eq!(index.rows().mark(Mark::Restored).await.unwrap(), None);
}

pub async fn accepting_makes_orphans_of_what_strangers_wrote(index: Arc<dyn Index>) {
    let (me, stranger) = (WriterId::random(), WriterId::random());
    index.heartbeat(me).await.unwrap();
    let silent = silent_for(&*index, minutes(600)).await;
    assert_eq!(index.fencing(stranger).await.unwrap(), None);
    index.rows().set_mark(Mark::Restored, Some("backup word")).await.unwrap();
    // It is another mark than the one that was looked at: nobody is fenced.
    assert!(!index.rows().accept("another", vec![stranger]).await.unwrap());
    assert_eq!(index.fencing(stranger).await.unwrap(), None);
    assert!(index.rows().accept("backup word", vec![stranger, silent, me]).await.unwrap());
    assert_eq!(index.rows().mark(Mark::Restored).await.unwrap(), None);
    index.heartbeat(me).await.unwrap();
    assert!(matches!(index.heartbeat(stranger).await, Err(Error::Fenced)));
    // For its orphans, it counts as heard until now.
    let fenced = index.fence_silent(me, Silence::For(minutes(1))).await.unwrap();
    assert_eq!(fenced, [stranger]);
    index.fence_silent(me, Silence::Everyone).await.unwrap();
    let end = index.fencing(silent).await.unwrap().unwrap();
    assert!(Timestamp::now().minus(minutes(1)) < end.heard && end.heard <= end.fenced);
}

fn count_files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

async fn replaced(files: &Store) -> (World, BlobId) {
    let world = World::new(sqlite()).await;
    let blob = store(files, world.writer).await;
    let mut put = world.put("k");
    put.command.new_blobs[0].id = blob;
    put.command.version.parts[0].blob = blob;
    world.publish(put).await.unwrap();
    world.published("k").await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    (world, blob)
}

#[tokio::test]
async fn the_reaper_waits_for_the_last_reader() {
    let files = memory();
    let (world, freed) = replaced(&files).await;
    let pins = Pins::default();
    let mut reaper = Reaper::new(world.index.clone(), files.blobs.clone(), pins.clone(), Duration::ZERO);
    let first = pins.enter();
    for _ in 0..3 {
        assert_eq!(reaper.reap().await.unwrap(), 0);
    }
    assert!(stands(&files, freed).await);
    let second = pins.enter();
    drop(first);
    // The second reader began after the blob was seen freed, so it cannot have found it.
    assert_eq!(reaper.reap().await.unwrap(), 1);
    drop(second);
    assert!(!stands(&files, freed).await);
    assert!(!world.knows(freed).await);
    assert_eq!(reaper.reap().await.unwrap(), 0);
}

#[tokio::test]
async fn the_reaper_waits_for_the_grace() {
    let files = memory();
    let (world, freed) = replaced(&files).await;
    let hour = Duration::from_hours(1);
    let mut reaper = Reaper::new(world.index.clone(), files.blobs.clone(), Pins::default(), hour);
    for _ in 0..3 {
        assert_eq!(reaper.reap().await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(stands(&files, freed).await);
}
