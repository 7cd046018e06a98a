//! Backups over an index and a store: their cost, their contents, and which process gives way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use cardea::care::backup::{Error, Taken, find, old, remove, restore, take};
use cardea::care::reaper::Reaper;
use cardea::care::sweeper::Sweeper;
use cardea::encryption::KeyRing;
use cardea::model::{BlobId, InstallId, Timestamp, WriterId};
use cardea::storage::Error as StorageError;
use cardea::storage::backup::{BackupId, Backups};
use cardea::storage::blobs::BlobStore;
use cardea::storage::index::rows::transfer::{differences, sums};
use cardea::storage::index::rows::{ColumnType, Mark, Row, TABLES, Table, Value, table};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{Index, Install};
use cardea::storage::pins::Pins;

use super::index::world::{World, local, memory, sqlite};
use super::store::Store;

fn silent(_: &'static str, _: u64) {}

/// An installation: its ring, its id, its backups.
struct Site {
    ring: KeyRing,
    install: InstallId,
    backups: Backups,
}

impl Site {
    fn new(store: &BlobStore) -> Self {
        let backups = Backups::new(store.clone());
        Self { ring: KeyRing::generate(), install: InstallId::random(), backups }
    }

    async fn take(&self, index: &dyn Index) -> Result<Taken, Error> {
        take(index.rows(), &self.backups, &self.ring, self.install, &silent).await
    }

    async fn restore(&self, target: &dyn Index) -> Result<u64, Error> {
        let (id, manifest) = find(&self.backups, &self.ring, self.install, None).await?;
        Ok(restore(&self.backups, &self.ring, &id, &manifest, target.rows(), &silent).await?.rows)
    }
}

/// A row of a table whose key columns are all `number`.
fn row(table: &Table, number: i64) -> Row {
    let value = |kind: ColumnType| match kind {
        ColumnType::Int => Value::Int(number),
        ColumnType::Bytes => Value::Bytes(number.to_be_bytes().repeat(8).into()),
        ColumnType::Text => Value::Text(format!("text {number}")),
    };
    let null = |at: usize| table.columns[at].nullable && number % 2 == 1;
    let columns = table.columns.iter().enumerate();
    columns.map(|(at, column)| if null(at) { Value::Null } else { value(column.kind) }).collect()
}

/// Fills an index with this many objects, below the commands, which would take long.
async fn many(index: &dyn Index, objects: i64) {
    let install = Install { id: InstallId::random(), canary: vec![1] };
    index.create_install(install).await.unwrap();
    for name in ["blobs", "versions", "parts"] {
        let table = table(name).unwrap();
        let mut number = 0;
        while number < objects {
            let rows = (number..objects.min(number + 5000)).map(|number| {
                let mut row = row(table, number);
                for (at, column) in table.columns.iter().enumerate() {
                    match column.name {
                        // An object each: one current version, one part, one blob that is not free.
                        "state" => row[at] = Value::Int(1),
                        "freed" | "inline" => row[at] = Value::Null,
                        "metadata" => row[at] = Value::Text("{}".into()),
                        _ => {}
                    }
                }
                row
            });
            index.rows().load(table, rows.collect()).await.unwrap();
            number += 5000;
        }
    }
}

#[tokio::test]
async fn a_second_backup_writes_what_has_changed() {
    let (store, index) = (memory(), sqlite());
    many(&*index, 8_000).await;
    let site = Site::new(&store.blobs);
    let first = site.take(&*index).await.unwrap();
    assert_eq!((first.rows, first.written), (24_001, first.chunks));
    assert!(first.chunks > 15, "{first:?}");
    let second = site.take(&*index).await.unwrap();
    assert_eq!((second.rows, second.chunks, second.written), (24_001, first.chunks, 0));
    let world = World::new(index.clone()).await;
    for number in 0..10 {
        world.published(&format!("new/{number}")).await;
    }
    let third = site.take(&*index).await.unwrap();
    // Account, bucket, their usage and writers are new tables, each one chunk; versions and parts end
    // otherwise; ten blobs lie anywhere among the others.
    assert!((5..=19).contains(&third.written), "{third:?}");
    let target = sqlite();
    assert_eq!(site.restore(&*target).await.unwrap(), third.rows);
    let (one, other) =
        (sums(index.rows(), &silent).await.unwrap(), sums(target.rows(), &silent).await.unwrap());
    assert_eq!(differences(&one, &other), [""; 0]);
}

#[tokio::test]
async fn every_value_comes_back() {
    let (store, source, target) = (memory(), sqlite(), sqlite());
    for table in TABLES.iter().filter(|table| !["install", "versions", "uploads"].contains(&table.name)) {
        source.rows().load(table, (1..40).map(|number| row(table, number)).collect()).await.unwrap();
    }
    let site = Site::new(&store.blobs);
    site.take(&*source).await.unwrap();
    site.restore(&*target).await.unwrap();
    let (one, other) =
        (sums(source.rows(), &silent).await.unwrap(), sums(target.rows(), &silent).await.unwrap());
    assert_eq!(differences(&one, &other), [""; 0]);
    assert!(one.iter().filter(|sum| sum.rows == 39).count() > 10);
}

async fn stored(files: &Store, writer: WriterId) -> BlobId {
    let id = BlobId::random(writer);
    let mut blob = files.blobs.writer(id);
    let mut buffer: BytesMut = blob.buffer().await.unwrap();
    buffer.extend_from_slice(b"sealed");
    let _ = blob.finish(buffer).await.unwrap();
    id
}

async fn stands(files: &Store, id: BlobId) -> bool {
    !matches!(files.blobs.size(&id).await, Err(StorageError::BlobDamaged { .. }))
}

/// An object whose blob is in the store.
async fn object(world: &World, files: &Store, key: &str) -> BlobId {
    let blob = stored(files, world.writer).await;
    let mut put = world.put(key);
    put.command.new_blobs[0].id = blob;
    put.command.version.parts[0].blob = blob;
    world.publish(put).await.unwrap();
    blob
}

async fn reaped(reaper: &mut Reaper) -> usize {
    let mut deleted = 0;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        deleted += reaper.reap().await.unwrap();
    }
    deleted
}

#[tokio::test]
async fn the_reaper_leaves_what_a_backup_needs() {
    for files in [local(), memory()] {
        let world = World::new(sqlite()).await;
        let site = Site::new(&files.blobs);
        let reaper =
            || Reaper::new(world.index.clone(), files.blobs.clone(), Pins::default(), Duration::ZERO);
        let needed = object(&world, &files, "k").await;
        let taken = site.take(&*world.index).await.unwrap();
        world.index.delete(world.deletion("k", None)).await.unwrap();
        assert_eq!(reaped(&mut reaper()).await, 0);
        assert!(stands(&files, needed).await && world.knows(needed).await);
        // One that is only being made needs it as well.
        let making = BackupId::new(Timestamp::now());
        site.backups.hold(&making).await.unwrap();
        remove(&site.backups, &site.ring, &[taken.id], &silent).await.unwrap();
        assert_eq!(reaped(&mut reaper()).await, 0);
        site.backups.forget(&making).await.unwrap();
        assert_eq!(reaped(&mut reaper()).await, 1);
        assert!(!stands(&files, needed).await && !world.knows(needed).await);
    }
}

#[tokio::test]
async fn what_lives_in_the_index_is_kept_by_no_backup() {
    let files = memory();
    let world = World::new(sqlite()).await;
    let site = Site::new(&files.blobs);
    let needed = object(&world, &files, "k").await;
    // More than one round forgets.
    for number in 0..1500 {
        world.publish(world.put(&format!("small {number}")).inline(b"sealed bytes")).await.unwrap();
    }
    site.take(&*world.index).await.unwrap();
    world.delete("k", None).await;
    for number in 0..1500 {
        world.delete(&format!("small {number}"), None).await;
    }
    let mut reaper = Reaper::new(world.index.clone(), files.blobs.clone(), Pins::default(), Duration::ZERO);
    assert_eq!(reaped(&mut reaper).await, 1500);
    assert_eq!(world.freed().await, [needed]);
    world.exact().await;
    let target = sqlite();
    site.restore(&*target).await.unwrap();
    assert_eq!(target.audit().await.unwrap(), []);
    assert_eq!(target.blobs_after(None, 2000).await.unwrap().len(), 1501);
}

#[tokio::test]
async fn what_was_seen_free_before_a_backup_began_is_not_in_it() {
    let files = memory();
    let world = World::new(sqlite()).await;
    let site = Site::new(&files.blobs);
    let freed = object(&world, &files, "k").await;
    world.index.delete(world.deletion("k", None)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut reaper = Reaper::new(world.index.clone(), files.blobs.clone(), Pins::default(), Duration::ZERO);
    assert_eq!(reaper.reap().await.unwrap(), 0, "it has seen it");
    site.take(&*world.index).await.unwrap();
    assert_eq!(reaper.reap().await.unwrap(), 1);
    assert!(!stands(&files, freed).await);
    let target = sqlite();
    site.restore(&*target).await.unwrap();
    assert_eq!(target.audit().await.unwrap(), []);
    let rows = target.blobs_after(None, 10).await.unwrap();
    assert!(rows.iter().all(|row| row.freed.is_some() || row.id != freed), "{rows:?}");
}

#[tokio::test]
async fn nothing_is_deleted_before_a_restored_index_is_accepted() {
    let files = memory();
    let world = World::new(sqlite()).await;
    let site = Site::new(&files.blobs);
    let old = object(&world, &files, "old").await;
    site.take(&*world.index).await.unwrap();
    let later = object(&world, &files, "later").await;
    let restored = sqlite();
    site.restore(&*restored).await.unwrap();
    remove(&site.backups, &site.ring, &[], &silent).await.unwrap();
    for set in site.backups.sets(None).await.unwrap() {
        site.backups.forget(&set.id).await.unwrap();
    }
    let me = WriterId::random();
    restored.heartbeat(me).await.unwrap();
    let world = World { index: restored.clone(), ..world };
    world.index.delete(world.deletion("old", None)).await.unwrap();
    let mut reaper = Reaper::new(restored.clone(), files.blobs.clone(), Pins::default(), Duration::ZERO);
    let mut sweeper = Sweeper::alone(restored.clone(), files.blobs.clone(), me);
    assert_eq!((reaped(&mut reaper).await, sweeper.sweep().await.unwrap()), (0, 0));
    assert!(stands(&files, old).await && stands(&files, later).await);
    let mark = restored.rows().mark(Mark::Restored).await.unwrap().unwrap();
    assert!(restored.rows().accept(&mark, Vec::new()).await.unwrap());
    assert_eq!((reaped(&mut reaper).await, sweeper.sweep().await.unwrap()), (1, 1));
    assert!(!stands(&files, old).await && !stands(&files, later).await);
}

#[tokio::test]
async fn backups_and_deletions_give_way_to_each_other() {
    let (files, index) = (memory(), sqlite());
    many(&*index, 2000).await;
    let site = Site::new(&files.blobs);
    let taken = site.take(&*index).await.unwrap();
    // Chunks are being deleted: no backup begins.
    let mark = BackupId::new(Timestamp::now());
    site.backups.announce_deletion(&mark).await.unwrap();
    assert!(matches!(site.take(&*index).await, Err(Error::Deleting)));
    assert_eq!(site.backups.sets(None).await.unwrap().len(), 1, "it holds nothing");
    site.backups.end_deletion(&mark).await.unwrap();
    // A backup is being made: its chunks are not known yet, and none is deleted.
    let making = BackupId::new(Timestamp::now());
    site.backups.hold(&making).await.unwrap();
    let removed = remove(&site.backups, &site.ring, std::slice::from_ref(&taken.id), &silent).await.unwrap();
    assert_eq!((removed.backups, removed.chunks, removed.others), (1, 0, true));
    assert_eq!(site.backups.chunks().await.unwrap().len() as u64, taken.chunks);
    site.backups.forget(&making).await.unwrap();
    let removed = remove(&site.backups, &site.ring, &[], &silent).await.unwrap();
    assert_eq!((removed.backups, removed.chunks, removed.others), (0, taken.chunks, false));
}

/// Several commands that forget backups at once.
#[tokio::test]
async fn what_another_has_deleted_meanwhile_is_gone() {
    let (files, index) = (local(), sqlite());
    many(&*index, 10).await;
    let site = Site::new(&files.blobs);
    let mut taken = Vec::new();
    for _ in 0..20 {
        taken.push(site.take(&*index).await.unwrap().id);
    }
    taken.sort();
    // By a clock that is behind, the backup that was just taken looks like the oldest.
    let first = &taken[0];
    assert_eq!(old(&site.backups, 18, first).await.unwrap(), taken[1..2]);
    assert_eq!(old(&site.backups, 18, &taken[19]).await.unwrap(), taken[..2]);
    assert_eq!(old(&site.backups, 0, &taken[19]).await.unwrap(), taken[..19]);
    let deleting = remove(&site.backups, &site.ring, &taken[..19], &silent);
    let others = (0..10u64).map(async |step| {
        tokio::time::sleep(Duration::from_millis(step)).await;
        remove(&site.backups, &site.ring, &[], &silent).await
    });
    let (deleted, others) = tokio::join!(deleting, futures_util::future::join_all(others));
    assert_eq!(deleted.unwrap().backups, 19);
    for other in others {
        assert_eq!(other.unwrap().backups, 0);
    }
    assert_eq!(site.restore(&*sqlite()).await.unwrap(), 31);
}

#[tokio::test]
async fn marks_of_the_dead_go() {
    let (files, index) = (local(), sqlite());
    many(&*index, 10).await;
    let site = Site::new(&files.blobs);
    let (dead, mark) = (BackupId::new(Timestamp::now()), BackupId::new(Timestamp::now()));
    site.backups.hold(&dead).await.unwrap();
    site.backups.announce_deletion(&mark).await.unwrap();
    let folder = files.folder.as_ref().unwrap().path().join("blobs %#/backups");
    for name in [format!("sets/{dead}/hold"), format!("deleting/{mark}")] {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - Duration::from_mins(16)).unwrap();
    }
    let taken = site.take(&*index).await.unwrap();
    let sets = site.backups.sets(None).await.unwrap();
    assert_eq!(sets.into_iter().map(|set| set.id).collect::<Vec<_>>(), [taken.id]);
    assert!(!folder.join(format!("deleting/{mark}")).exists());
}

/// A process that was stopped for a while goes on.
#[tokio::test]
async fn a_backup_that_was_taken_for_dead_does_not_come_back() {
    let (files, index) = (local(), sqlite());
    many(&*index, 10).await;
    let site = Site::new(&files.blobs);
    let folder = files.folder.as_ref().unwrap().path().join("blobs %#/backups/sets");
    let age = |name: String| {
        let file = std::fs::File::options().write(true).open(folder.join(name)).unwrap();
        let now = file.metadata().unwrap().modified().unwrap();
        file.set_modified(now - Duration::from_mins(16)).unwrap();
    };
    let stopped = BackupId::new(Timestamp::now());
    let dead = async || {
        let now = Some(Timestamp::now());
        let set = site.backups.sets(now).await.unwrap().into_iter().find(|set| set.id == stopped);
        set.map(|set| (set.whole, set.dead))
    };
    site.backups.hold(&stopped).await.unwrap();
    age(format!("{stopped}/hold"));
    assert!(site.backups.renew(&stopped).await.unwrap());
    assert_eq!(dead().await, Some((false, false)), "it has been renewed");
    age(format!("{stopped}/renewed"));
    assert_eq!(dead().await, Some((false, true)));
    site.take(&*index).await.unwrap();
    assert_eq!(dead().await, None);
    assert!(!site.backups.renew(&stopped).await.unwrap());
    assert_eq!(dead().await, None);
    // It had looked before it was stopped.
    std::fs::create_dir_all(folder.join(stopped.as_str())).unwrap();
    std::fs::write(folder.join(format!("{stopped}/renewed")), "").unwrap();
    assert!(!site.backups.renew(&stopped).await.unwrap() && !site.backups.is_held(&stopped).await.unwrap());
    age(format!("{stopped}/renewed"));
    site.take(&*index).await.unwrap();
    assert_eq!(dead().await, None);

    // Another process takes it for dead while it reads.
    let others = site.backups.sets(None).await.unwrap();
    let forget = |what: &'static str, _| {
        for entry in std::fs::read_dir(&folder).unwrap().filter(|_| what == "versions") {
            let set = entry.unwrap();
            if others.iter().all(|other| set.file_name() != other.id.as_str()) {
                let _ = std::fs::remove_file(set.path().join("hold"));
            }
        }
    };
    let taken = take(index.rows(), &site.backups, &site.ring, site.install, &forget).await;
    assert!(matches!(taken, Err(Error::GivenUp)), "{taken:?}");
    assert_eq!(site.backups.sets(None).await.unwrap(), others);
}

/// `[CARDEA_RATES_DIR=…] cargo test --release --test storage -- --ignored backup_rates --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a million objects: to be run by hand"]
async fn backup_rates() {
    let objects = std::env::var("CARDEA_RATES_OBJECTS").map_or(1_000_000, |text| text.parse().unwrap());
    let folder = match std::env::var_os("CARDEA_RATES_DIR") {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let open = |name: &str| Arc::new(SqliteIndex::open(&folder.path().join(name)).unwrap());
    let url = format!("file://{}/blobs", folder.path().display());
    let files = Store::over(url, cardea::storage::blobs::BlobOptions::default());
    let index = open("index.db");
    many(&*index, objects).await;
    let bytes = std::fs::metadata(folder.path().join("index.db")).unwrap().len();
    println!("{objects} objects: an index of {bytes} bytes");
    let site = Site::new(&files.blobs);
    let said = |what: &str, begun: Instant, rows: u64| {
        let seconds = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = rows as f64 / seconds;
        println!("{what}: {rows} rows in {seconds:.1} s, {rate:.0} rows/s");
    };
    for what in ["first backup", "second, of the same"] {
        let begun = Instant::now();
        let taken = site.take(&*index).await.unwrap();
        said(what, begun, taken.rows);
        println!("  {} chunks, {} written, {} bytes", taken.chunks, taken.written, taken.written_bytes);
    }
    let target = open("restored.db");
    let begun = Instant::now();
    let rows = site.restore(&*target).await.unwrap();
    said("restore, compared", begun, rows);
}
