//! The scrubber reads everything, finds each damage once, and resumes where it stopped.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cardea::care::reaper::Reaper;
use cardea::care::scrub::{ScrubMetrics, Scrubber};
use cardea::care::task::Task;
use cardea::http::body::Body;
use cardea::model::{ObjectKey, WriterId};
use cardea::ops::{DeleteObject, Gateway, Limits, Metrics, Precondition, WriteEncryption};
use cardea::storage::pins::Pins;

use super::multipart_world::MODES;
use super::world::{World, bucket, key, pattern};

const FAST: u64 = 1 << 40;
const LONG: Duration = Duration::from_mins(1);

/// A scrubber that starts again as soon as it has finished.
fn scrubber(world: &World, metrics: &ScrubMetrics) -> Scrubber {
    Scrubber::new(&world.gateway, FAST, metrics.clone()).every(Duration::ZERO, LONG)
}

/// Reads everything once, and returns the number of things that it read.
async fn pass(scrubber: &mut Scrubber) -> u64 {
    scrubber.round().await.unwrap().done
}

/// A world whose writer holds the scrubber's lease.
async fn world(inline_bytes: usize) -> (World, ScrubMetrics) {
    let world = World::with(Limits { inline_bytes, min_part: 0, ..Limits::default() }).await;
    let writer = world.index.unswept_writers().await.unwrap()[0];
    assert!(world.index.lease("scrubber", writer, Duration::from_hours(1)).await.unwrap());
    (world, ScrubMetrics::default())
}

async fn put(world: &World, name: &str, size: usize, encryption: WriteEncryption) -> std::path::PathBuf {
    let before = world.blob_files();
    world.put(name, &pattern(size), encryption).await.unwrap();
    world.blob_files().into_iter().find(|file| !before.contains(file)).unwrap()
}

fn change(file: &std::path::Path, with: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    with(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn sound_blobs_are_read_in_every_pass() {
    let (world, metrics) = world(1000).await;
    put(&world, "large", 3_000_000, WriteEncryption::Managed).await;
    put(&world, "sealed", 200_000, WriteEncryption::Customer(key(1))).await;
    world.put("small", b"inline", WriteEncryption::Managed).await.unwrap();
    world.put("empty", b"", WriteEncryption::Customer(key(1))).await.unwrap();
    // So many parts that the index does not return their bytes with them.
    for (mode, name) in MODES.into_iter().zip(["parts", "sealed parts"]) {
        world.upload(name, mode, &[&b"inline"[..]; 6]).await;
    }
    let mut scrubber = scrubber(&world, &metrics);
    for number in 1..4 {
        assert_eq!(pass(&mut scrubber).await, 6);
        assert_eq!((metrics.passes(), metrics.findings()), (number, 0));
    }
}

#[tokio::test]
async fn each_damage_is_found_once() {
    let (world, metrics) = world(0).await;
    put(&world, "whole", 100_000, WriteEncryption::Managed).await;
    let chunk = put(&world, "chunk", 300_000, WriteEncryption::Managed).await;
    let header = put(&world, "header", 100_000, WriteEncryption::Customer(key(1))).await;
    let size = put(&world, "size", 100_000, WriteEncryption::Customer(key(1))).await;
    let gone = put(&world, "gone", 100_000, WriteEncryption::Managed).await;
    let mut scrubber = scrubber(&world, &metrics);
    assert_eq!(pass(&mut scrubber).await, 5);
    assert_eq!(metrics.findings(), 0);

    change(&chunk, |bytes| bytes[200_000] ^= 1);
    change(&header, |bytes| bytes[40] ^= 1);
    change(&size, |bytes| bytes.push(0));
    std::fs::remove_file(gone).unwrap();
    for _ in 0..2 {
        assert_eq!(pass(&mut scrubber).await, 5);
        assert_eq!(metrics.findings(), 4);
    }
    // A scrubber without memory of the damage counts it again.
    let fresh = ScrubMetrics::default();
    pass(&mut self::scrubber(&world, &fresh)).await;
    assert_eq!(fresh.findings(), 4);
}

#[tokio::test]
async fn blobs_unknown_to_the_index_are_counted() {
    let (world, metrics) = world(0).await;
    let blob = put(&world, "object", 1000, WriteEncryption::Managed).await;
    let folder = world.dir.path().join("blobs/blobs/abababababababab/cd");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(blob, folder.join("ef".repeat(15))).unwrap();
    let mut scrubber = scrubber(&world, &metrics);
    for _ in 0..2 {
        pass(&mut scrubber).await;
        assert_eq!(metrics.findings(), 1);
    }
}

#[tokio::test]
async fn a_scrub_resumes_where_it_stopped() {
    let (world, metrics) = world(0).await;
    for number in 0..9 {
        put(&world, &format!("object {number}"), 100_000, WriteEncryption::Managed).await;
    }
    // Each object takes at least a tenth of a second. The position is stored after each round.
    let mut rounds = 0;
    while metrics.passes() == 0 {
        let scrubber = Scrubber::new(&world.gateway, 1_000_000, metrics.clone());
        let mut scrubber = scrubber.every(LONG, Duration::from_millis(250));
        let begun = Instant::now();
        let round = scrubber.round().await.unwrap();
        assert!(round.done <= 4, "{round:?} in {:?}", begun.elapsed());
        rounds += 1;
    }
    assert!((3..=10).contains(&rounds), "{rounds} rounds");

    // Then nothing is due until the next pass, whoever asks.
    let mut scrubber = Scrubber::new(&world.gateway, FAST, metrics.clone());
    let round = scrubber.round().await.unwrap();
    assert_eq!((round.done, metrics.passes()), (0, 1));
    assert!(round.rest > Duration::from_secs(30), "{round:?}");
}

#[tokio::test]
async fn a_scrubber_without_the_lease_changes_nothing() {
    let (world, metrics) = world(0).await;
    put(&world, "object", 1000, WriteEncryption::Managed).await;
    let other = WriterId::random();
    world.index.heartbeat(other).await.unwrap();
    let writer = world.index.unswept_writers().await.unwrap().into_iter().find(|w| *w != other).unwrap();
    world.index.release("scrubber", writer).await.unwrap();
    assert!(world.index.lease("scrubber", other, LONG).await.unwrap());
    assert_eq!(pass(&mut scrubber(&world, &metrics)).await, 1);
    assert_eq!((world.index.cursor("scrubber").await.unwrap(), metrics.passes()), (None, 0));
}

#[tokio::test]
async fn blobs_that_come_and_go_are_not_findings() {
    let (world, metrics) = world(0).await;
    let (pins, end) = (Pins::default(), Instant::now() + Duration::from_secs(4));
    let (index, blobs) = (world.index.clone(), world.blobs.clone());
    let mut reaper = Reaper::new(index, blobs, pins, Duration::ZERO);
    let mut scrubber = scrubber(&world, &metrics);
    let write = async {
        for number in 0.. {
            let (name, body) = (format!("object {}", number % 5), pattern(50_000 + number));
            let body = Body::from_bytes(Bytes::from(body));
            world.put_with(&name, body, WriteEncryption::Managed, Precondition::None).await.unwrap();
            if number % 3 == 0 {
                let delete = DeleteObject {
                    bucket: bucket(),
                    key: ObjectKey::new(&name).unwrap(),
                    version: None,
                    precondition: Precondition::None,
                };
                world.gateway.execute(&world.caller(true), delete).await.unwrap();
            }
            // The blob is deleted at once: no reader has a pin here.
            reaper.reap().await.unwrap();
            let patience = if metrics.passes() > 5 { Duration::ZERO } else { Duration::from_mins(3) };
            if Instant::now() > end + patience {
                return;
            }
        }
    };
    let scrub = async {
        loop {
            pass(&mut scrubber).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = write => {}
        () = scrub => {}
    }
    assert!(metrics.passes() > 5, "{}", metrics.passes());
    assert_eq!(metrics.findings(), 0);
}

#[tokio::test]
async fn a_scrub_is_not_counted_as_client_traffic() {
    let (world, metrics) = world(0).await;
    put(&world, "object", 100_000, WriteEncryption::Managed).await;
    let clients = |gateway: &Gateway| Metrics::encode(gateway.metrics());
    let before = clients(&world.gateway);
    pass(&mut scrubber(&world, &metrics)).await;
    assert_eq!(clients(&world.gateway), before);
}
