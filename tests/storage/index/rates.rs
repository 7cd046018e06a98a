//! Rates of the index and memory of the blob store on this machine, to be run by hand:
//! `[CARDEA_RATES_DIR=…] cargo test --release --test storage rates -- --ignored --nocapture`

#![allow(clippy::print_stdout, reason = "a measurement")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cardea::model::{BlobId, BucketId, ObjectKey, VersionId, WriterId};
use cardea::storage::blobs::{BlobOptions, BlobStore};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{BucketAddress, Index, KeyQuery, ListVersions, VersionRow, Versioning};
use futures_util::StreamExt;

use super::rewraps::{rewrap, unchanged};
use super::world::{World, key, listing, name};

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // After the name in brackets: state, parent, … ; the 12th and 13th are ticks of 10 ms.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

fn folder() -> tempfile::TempDir {
    match std::env::var_os("CARDEA_RATES_DIR") {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}

async fn measured(what: &str, count: u32, work: impl Future<Output = ()>) {
    let (wall, before) = (Instant::now(), cpu());
    work.await;
    let (wall, used) = (wall.elapsed(), cpu().saturating_sub(before));
    let rate = f64::from(count) / wall.as_secs_f64();
    println!(
        "{what}: {rate:.0}/s, {:.1} µs wall and {:.1} µs CPU each",
        1e6 / rate,
        used.as_secs_f64() * 1e6 / f64::from(count)
    );
}

async fn publish(world: &World, writers: u32, each: u32, prefix: &'static str, inline: Option<Bytes>) {
    let tasks = (0..writers).map(|task| {
        let (world, inline) = (world.clone(), inline.clone());
        tokio::spawn(async move {
            for n in 0..each {
                let mut put = world.put(&format!("{prefix}/{}/{task}/{n}", n % 100));
                put.command.new_blobs[0].inline.clone_from(&inline);
                put.command.new_blobs[0].header = vec![9; 100];
                put.command.version.digests = vec![9; 120];
                world.publish(put).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

async fn find(world: &World, readers: u32, each: u32) {
    let tasks = (0..readers).map(|task| {
        let world = world.clone();
        tokio::spawn(async move {
            let bucket = BucketAddress::Owned(world.account.clone(), name("bucket"));
            for n in 0..each {
                let key = key(&format!("inline/{}/{}/{n}", n % 100, task % 16));
                let found = world.index.find(&bucket, &key, None).await.unwrap().1.unwrap();
                assert_eq!(found.parts.len(), 1);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_publish_find_and_list() {
    let folder = folder();
    let index = SqliteIndex::open(&folder.path().join("index.sqlite")).unwrap();
    publish_find_and_list(Arc::new(index), 2000).await;
}

/// The times of the hot commands on an empty index, run so many times by each task.
pub async fn publish_find_and_list(index: Arc<dyn Index>, each: u32) {
    let world = World::new(index).await;
    let sealed = Bytes::from(vec![0xA5; 4300]);
    measured("publish 4 KiB inline, 1 writer", each, publish(&world, 1, each, "one", Some(sealed.clone())))
        .await;
    measured(
        "publish 4 KiB inline, 16 writers",
        16 * each,
        publish(&world, 16, each, "inline", Some(sealed.clone())),
    )
    .await;
    measured("publish, blob elsewhere, 16 writers", 16 * each, publish(&world, 16, each, "blob", None)).await;
    measured("publish over an object, 16 writers", 16 * each, publish(&world, 16, each, "blob", None)).await;
    measured("find 4 KiB inline, 1 reader", each, find(&world, 1, each)).await;
    measured("find 4 KiB inline, 16 readers", 16 * each, find(&world, 16, each)).await;
    measured("find 4 KiB inline, 64 readers", 64 * each, find(&world, 64, each)).await;
    let both = async {
        tokio::join!(find(&world, 16, each), publish(&world, 4, each, "mixed", Some(sealed.clone())));
    };
    measured("find, 16 readers, beside 4 writers (per find)", 16 * each, both).await;
    let deletions = futures_util::stream::iter(0..16 * each).for_each_concurrent(16, async |n| {
        let gone = format!("inline/{}/{}/{}", n / 16 % 100, n % 16, n / 16);
        assert!(world.delete(&gone, None).await.removed.is_some());
    });
    measured("delete, 16 at once", 16 * each, deletions).await;
    let page = KeyQuery { prefix: "blob/".into(), ..listing() };
    let pages = async {
        for _ in 0..100 {
            assert_eq!(world.list(page.clone()).await.unwrap().rows.len(), 1000);
        }
    };
    measured("a page of 1000 keys", 100, pages).await;
    let rolled = KeyQuery { delimiter: Some("/".into()), prefix: "blob/".into(), ..listing() };
    let pages = async {
        for _ in 0..100 {
            assert_eq!(world.list(rolled.clone()).await.unwrap().rows.len(), 100);
        }
    };
    measured("a page of 100 common prefixes", 100, pages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_memory_of_a_hundred_uploads() {
    let folder = folder();
    let url = format!("file://{}/blobs", folder.path().display());
    let store = BlobStore::open(&url, &BlobOptions::default()).unwrap();
    let writer = WriterId::random();
    let uploads = (0..100).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut blob = store.writer(BlobId::random(writer));
            for _ in 0..64 {
                let mut buffer = blob.buffer().await.unwrap();
                buffer.resize(blob.buffer_size(), 7);
                blob.write(buffer).await.unwrap();
            }
            let last = blob.buffer().await.unwrap();
            blob.finish(last).await.unwrap().sealed
        })
    });
    let start = Instant::now();
    let mut bytes = 0;
    for upload in uploads.collect::<Vec<_>>() {
        bytes += upload.await.unwrap();
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!("100 uploads of {} MiB at once in {:?}: {peak}", bytes / 100 / 1024 / 1024, start.elapsed());
}

/// The best and the mean of ten runs, after one that warms the caches.
async fn timed<T>(what: &str, mut run: impl AsyncFnMut() -> T) {
    run().await;
    let mut times = Vec::new();
    for _ in 0..10 {
        let start = Instant::now();
        run().await;
        times.push(start.elapsed());
    }
    let mean = times.iter().sum::<Duration>() / 10;
    println!(
        "{what}: {:.2} ms, at best {:.2} ms",
        1e3 * mean.as_secs_f64(),
        1e3 * times.iter().min().unwrap().as_secs_f64()
    );
}

async fn on_disk(folder: &tempfile::TempDir) -> World {
    World::new(Arc::new(SqliteIndex::open(&folder.path().join("index.sqlite")).unwrap())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_listing_a_million() {
    let folder = folder();
    let world = on_disk(&folder).await;
    for (filled, count) in [(0, 10_000), (10_000, 100_000), (100_000, 1_000_000)] {
        let puts = futures_util::stream::iter(filled..count).for_each_concurrent(256, async |n: u32| {
            // Ten keys in each of a tenth as many folders, in no order.
            let n = filled + u32::try_from(u64::from(n) * 7_919 % u64::from(count - filled)).unwrap();
            world.published(&format!("{:06}/{n:07}", n / 10)).await;
        });
        measured("publish", count - filled, puts).await;
        let page = async |name: &str, keys: KeyQuery| {
            timed(&format!("{count} keys: {name}"), async || {
                assert!(world.list(keys.clone()).await.unwrap().rows.len() >= 499);
            })
            .await;
            let query = ListVersions { bucket: world.bucket, keys, version_marker: None };
            timed(&format!("{count} keys: {name}, versions"), async || {
                assert!(world.index.list_versions(query.clone()).await.unwrap().rows.len() >= 499);
            })
            .await;
        };
        let first = listing();
        let middle = KeyQuery { marker: Some(format!("{:06}/", count / 20)), ..first.clone() };
        let delimiter = Some("/".to_owned());
        page("the first 1000", first.clone()).await;
        page("1000 in the middle", middle.clone()).await;
        page("1000 in the middle, backwards", KeyQuery { reverse: true, ..middle.clone() }).await;
        page("1000 common prefixes", KeyQuery { delimiter: delimiter.clone(), ..first }).await;
        page("1000 common prefixes in the middle", KeyQuery { delimiter, ..middle }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_versions_of_few_keys() {
    let folder = folder();
    let world = on_disk(&folder).await;
    world.set(Versioning::Enabled).await;
    for (filled, count) in [(0, 10_000), (10_000, 200_000)] {
        let puts = futures_util::stream::iter(filled..count).for_each_concurrent(256, async |n: u32| {
            world.published(&format!("{}/k", n % 10)).await;
        });
        measured("publish", count - filled, puts).await;
        let middle = world.index.list_versions(ListVersions {
            bucket: world.bucket,
            keys: KeyQuery { marker: Some("4/k".into()), limit: count / 20, ..listing() },
            version_marker: Some(VersionId::Null),
        });
        let Some(VersionRow::Version { version_id, .. }) = middle.await.unwrap().rows.pop() else { panic!() };
        for (name, delimiter, marker, version_marker) in [
            ("the first 1000", None, None, None),
            ("1000 from the middle of a key", None, Some("4/k".to_owned()), Some(version_id)),
            ("10 common prefixes", Some("/".to_owned()), None, None),
        ] {
            let keys = KeyQuery { delimiter, marker, ..listing() };
            let query = ListVersions { bucket: world.bucket, keys, version_marker };
            timed(&format!("{count} versions of 10 keys: {name}"), async || {
                world.index.list_versions(query.clone()).await.unwrap();
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_large_objects() {
    let folder = folder();
    large_objects(on_disk(&folder).await).await;
}

/// The times of objects of many parts and segments.
pub async fn large_objects(world: World) {
    const PARTS: u32 = 10_000;
    for round in 0..3 {
        let upload = world.begin("large").await;
        let puts = futures_util::stream::iter(1..=PARTS).for_each_concurrent(64, async |number| {
            let mut part = world.part("large", upload, number);
            (part.digests, part.new_blobs[0].header) = (vec![9; 120], vec![9; 100]);
            world.index.put_part(part).await.unwrap();
        });
        measured("put a part", PARTS, puts).await;
        let start = Instant::now();
        let (_, parts) = world.index.upload_parts(world.bucket, &key("large"), upload).await.unwrap();
        println!("read {} parts: {:?}", parts.len(), start.elapsed());
        // The second time it replaces an object of as many parts; the third time it leaves every other part
        // out.
        let chosen: Vec<u32> = (1..=PARTS).step_by(if round == 2 { 2 } else { 1 }).collect();
        let command = world.completion("large", upload, &chosen).await;
        let start = Instant::now();
        world.index.complete_upload(command).await.unwrap();
        println!("complete {} of {PARTS} parts: {:?}", chosen.len(), start.elapsed());
    }

    let upload = world.begin("640").await;
    for number in 1..=640 {
        world.put_part("640", upload, number).await.unwrap();
    }
    world.complete("640", upload, &(1..=640).collect::<Vec<_>>()).await.unwrap();
    let source = world.current("640").await;
    let blobs: Vec<_> = source.parts.iter().map(|part| part.blob).collect();
    timed("find an object of 640 parts", async || world.current("640").await).await;
    timed("copy an object of 640 parts", async || {
        let mut put = world.put("copy").copying(&blobs);
        put.command.unchanged = vec![unchanged(&world, &source)];
        world.publish(put).await.unwrap()
    })
    .await;
    timed("re-wrap an object of 640 parts", async || {
        let current = world.current("640").await;
        world.index.rewrap(vec![rewrap(&world, &current)]).await.unwrap();
    })
    .await;

    let keys: Vec<_> = (0..1000).map(|n| (world.bucket, key(&format!("segment/{n:04}")))).collect();
    publish_segments(&world, &keys).await;
    let mut found = Vec::new();
    timed("find 1000 segments", async || found = world.index.find_many(keys.clone()).await.unwrap()).await;
    timed("find and re-wrap 1000 segments", async || {
        let found = world.index.find_many(keys.clone()).await.unwrap();
        let rewraps = found.iter().map(|found| rewrap(&world, found.as_ref().unwrap()));
        world.index.rewrap(rewraps.collect()).await.unwrap();
    })
    .await;
    timed("check the index against itself", async || {
        assert_eq!(world.index.audit().await.unwrap(), []);
    })
    .await;
}

async fn publish_segments(world: &World, keys: &[(BucketId, ObjectKey)]) {
    for (_, key) in keys {
        let mut put = world.put(key.as_str());
        put.command.new_blobs[0].header = vec![9; 100];
        world.publish(put).await.unwrap();
    }
}
