//! Garbage: a blob that is still read or referred to is kept, and every other blob is deleted.

use std::time::Duration;

use cardea::care::reaper::Reaper;
use cardea::model::Timestamp;
use cardea::ops::{
    CopyMetadata, CopyObject, CopyPart, DeleteBucket, DeleteObject, Error, Limits, Precondition,
    WriteEncryption,
};
use cardea::storage::pins::Pins;

use super::large_world::{segment, under};
use super::multipart_world::{MODES, Mode, complete, copy, name, named, source};
use super::world::{World, bucket, collect, key, pattern};

/// More than a download reads ahead.
const LARGE: usize = 8 << 20;
const SMALL: usize = 50_000;

fn deletion(object: &str) -> DeleteObject {
    DeleteObject { bucket: bucket(), key: name(object), version: None, precondition: Precondition::None }
}

/// A copy that keeps all metadata of its source.
pub fn copied(from: &str, to: &str, mode: Mode) -> CopyObject {
    CopyObject {
        source: source(from, mode.key()),
        range: None,
        bucket: bucket(),
        key: name(to),
        encryption: mode.encryption(),
        shared_key: false,
        metadata: CopyMetadata::Keep { website_redirect: None },
        checksum: None,
        precondition: Precondition::None,
        changes: false,
    }
}

impl World {
    fn reaper(&self) -> Reaper {
        Reaper::new(self.index.clone(), self.blobs.clone(), self.pins.clone(), Duration::ZERO)
    }

    /// The number of reads that found damage.
    fn damaged(&self) -> u64 {
        let metrics = self.gateway.metrics().encode();
        let line = metrics.lines().find_map(|line| line.strip_prefix("cardea_damaged_blobs_total "));
        line.unwrap().parse().unwrap()
    }

    /// Runs the reaper until nothing is left to delete.
    async fn reap(&self, reaper: &mut Reaper) {
        for _ in 0..4 {
            // A blob freed within one timestamp step is seen only in the next one.
            tokio::time::sleep(Duration::from_millis(1)).await;
            reaper.reap().await.unwrap();
        }
    }

    /// Neither the store nor the index holds a blob, and nothing waits to be deleted.
    async fn assert_empty(&self) {
        assert_eq!(self.blob_files(), Vec::<std::path::PathBuf>::new());
        assert_eq!(self.index.blobs_after(None, 10).await.unwrap(), []);
        let end = Timestamp::now().plus(Duration::from_hours(1));
        assert_eq!(self.index.freed_blobs(end, 10).await.unwrap(), []);
        for table in
            ["parts", "version_parts", "uploads", "upload_parts", "upload_refs", "inline_blobs", "versions"]
        {
            assert_eq!(self.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        assert_eq!(self.index.audit().await.unwrap(), []);
    }

    async fn all_out_of_the_index() -> Self {
        Self::with(Limits { inline_bytes: 0, min_part: 0, ..Limits::default() }).await
    }
}

#[tokio::test]
async fn a_download_outlives_a_delete() {
    let world = World::all_out_of_the_index().await;
    let (data, mut reaper) = (pattern(LARGE), world.reaper());
    for mode in MODES {
        world.put("object", &data, mode.encryption()).await.unwrap();
        let sealed = world.get("object", mode.key()).await.unwrap().reader.unwrap();
        let body = sealed.open(0..LARGE as u64).await.unwrap();
        world.run(deletion("object")).await.unwrap();
        world.reap(&mut reaper).await;
        assert_eq!(collect(body).await.unwrap(), data);
        // The same reader is used again, because a client may ask for many ranges at once.
        world.reap(&mut reaper).await;
        let rest = sealed.open(LARGE as u64 / 2..LARGE as u64).await.unwrap();
        assert_eq!(collect(rest).await.unwrap(), &data[LARGE / 2..]);
        drop(sealed);
        world.reap(&mut reaper).await;
        world.assert_empty().await;
    }
}

#[tokio::test]
async fn a_download_outlives_an_overwrite() {
    let world = World::all_out_of_the_index().await;
    let (data, mut reaper) = (pattern(LARGE), world.reaper());
    for mode in MODES {
        world.put("object", &data, mode.encryption()).await.unwrap();
        let opened = world.get("object", mode.key()).await.unwrap();
        let body = opened.reader.unwrap().open(0..LARGE as u64).await.unwrap();
        for _ in 0..3 {
            world.put("object", b"other", WriteEncryption::Managed).await.unwrap();
            world.reap(&mut reaper).await;
        }
        assert!(world.blob_files().len() > 1);
        assert_eq!(collect(body).await.unwrap(), data);
        world.reap(&mut reaper).await;
        assert_eq!(world.blob_files().len(), 1);
    }
}

#[tokio::test]
async fn a_download_outlives_segments_stored_in_the_index() {
    let world = World::with(Limits::default()).await;
    let (data, mut reaper) = (pattern(LARGE), world.reaper());
    let inline = || world.count("SELECT count(*) FROM inline_blobs");
    for seed in [None, Some(1)] {
        for (name, bytes) in [("first", &data[..]), ("second", b"small"), ("third", b"tiny")] {
            world.put(name, bytes, under(seed)).await.unwrap();
        }
        let segments = vec![segment("first"), segment("second"), segment("third")];
        world.put_manifest("large", segments, seed).await.unwrap();
        world.reap(&mut reaper).await;
        let opened = world.get("large", seed.map(key)).await.unwrap();
        let body = opened.reader.unwrap().open(0..LARGE as u64 + 9).await.unwrap();
        world.put("second", b"other", WriteEncryption::Managed).await.unwrap();
        world.run(deletion("third")).await.unwrap();
        world.reap(&mut reaper).await;
        assert_eq!(inline(), 3, "one blob is new, and two have a reader");
        assert_eq!(collect(body).await.unwrap(), [&data[..], b"small", b"tiny"].concat());
        assert_eq!(world.damaged(), 0);
        world.reap(&mut reaper).await;
        assert_eq!(inline(), 1);
    }
}

/// With replicas a freed blob is deleted after a grace period, even if somebody reads it. The period is
/// longer than a request may last, but a reader may be delayed.
#[tokio::test]
async fn a_blob_deleted_under_a_reader_is_not_damage() {
    let world = World::with(Limits { inline_bytes: 100, ..Limits::default() }).await;
    for (name, size) in [("inline", 10), ("stored", SMALL)] {
        world.put(name, &pattern(size), WriteEncryption::Managed).await.unwrap();
        world.put_manifest("large", vec![segment(name)], None).await.unwrap();
        let reader = world.get("large", None).await.unwrap().reader.unwrap();
        world.run(deletion(name)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let pins = Pins::default();
        let mut elsewhere = Reaper::new(world.index.clone(), world.blobs.clone(), pins, Duration::ZERO);
        world.reap(&mut elsewhere).await;
        assert!(matches!(reader.open(0..size as u64).await, Err(Error::Conflict)), "{name}");
        assert_eq!(world.damaged(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_download_outlives_an_upload_to_its_key() {
    let world = World::all_out_of_the_index().await;
    let (data, mut reaper) = (pattern(LARGE), world.reaper());
    let (first, second) = data.split_at(5 << 20);
    world.upload("object", Mode::Customer, &[first, second]).await;
    let opened = world.get("object", Some(key(1))).await.unwrap();
    let body = opened.reader.unwrap().open(0..LARGE as u64).await.unwrap();
    world.upload("object", Mode::Managed, &[b"other"]).await;
    world.reap(&mut reaper).await;
    assert_eq!(world.blob_files().len(), 3);
    assert_eq!(collect(body).await.unwrap(), data);
    world.reap(&mut reaper).await;
    assert_eq!(world.blob_files().len(), 1);
}

#[tokio::test]
async fn copies_keep_blobs() {
    let world = World::all_out_of_the_index().await;
    let (data, mut reaper) = (pattern(SMALL), world.reaper());
    for mode in MODES {
        world.put("source", &data, mode.encryption()).await.unwrap();
        for to in ["one", "two"] {
            world.run(copied("source", to, mode)).await.unwrap();
        }
        let upload = world.begin("three", mode).await;
        let part = named(
            1,
            &world
                .run(CopyPart {
                    customer_key: mode.key(),
                    ..copy(source("one", mode.key()), "three", upload, 1)
                })
                .await
                .unwrap(),
        );
        for gone in ["source", "one"] {
            world.run(deletion(gone)).await.unwrap();
            world.reap(&mut reaper).await;
        }
        assert_eq!(world.whole("two", mode.key()).await, data);
        world.run(deletion("two")).await.unwrap();
        world.reap(&mut reaper).await;
        world.run(complete("three", upload, vec![part])).await.unwrap();
        assert_eq!(world.blob_files().len(), 1, "all copies share one blob");
        assert_eq!(world.whole("three", mode.key()).await, data);
        world.run(deletion("three")).await.unwrap();
        world.reap(&mut reaper).await;
        world.assert_empty().await;
    }
}

#[tokio::test]
async fn abandoned_uploads_leave_nothing() {
    let world = World::all_out_of_the_index().await;
    let (data, mut reaper) = (pattern(SMALL), world.reaper());
    let aborted = world.begin("object", Mode::Customer).await;
    world.parts("object", aborted, Mode::Customer, &[&data, &data]).await;
    // A part that is sent again replaces the first.
    world.parts("object", aborted, Mode::Customer, &[&data]).await;
    world.reap(&mut reaper).await;
    assert_eq!(world.blob_files().len(), 2);
    world.abort("object", aborted).await.unwrap();
    world.reap(&mut reaper).await;
    world.assert_empty().await;

    // These parts are stored, but Complete does not name them.
    let upload = world.begin("object", Mode::Managed).await;
    let mut sent = world.parts("object", upload, Mode::Managed, &[&data, &data, &data]).await;
    sent.truncate(1);
    world.run(complete("object", upload, sent)).await.unwrap();
    world.reap(&mut reaper).await;
    assert_eq!(world.blob_files().len(), 1);
    world.run(deletion("object")).await.unwrap();

    // Uploads are deleted with their bucket.
    let left = world.begin("object", Mode::Managed).await;
    world.parts("object", left, Mode::Managed, &[&data]).await;
    world.run(DeleteBucket { bucket: bucket() }).await.unwrap();
    world.reap(&mut reaper).await;
    world.assert_empty().await;
}

#[tokio::test]
async fn deleting_everything_leaves_nothing() {
    let world = World::with(Limits { inline_bytes: 10_000, min_part: 0, ..Limits::default() }).await;
    let mut reaper = world.reaper();
    let object = |number: usize| format!("object {}", number % 7);
    for number in 0..140_usize {
        let (mode, this) = (MODES[number % 2], object(number * 5));
        let data = pattern(number * 1000);
        match number % 4 {
            0 | 1 => drop(world.put(&this, &data, mode.encryption()).await.unwrap()),
            2 => drop(world.upload(&this, mode, &[&data, &data]).await),
            _ => drop(world.run(copied(&this, &object(number * 3), mode)).await),
        }
        if number % 11 == 0 {
            world.begin(&this, mode).await;
        }
        reaper.reap().await.unwrap();
    }
    assert!(!world.blob_files().is_empty());
    for number in 0..7 {
        world.run(deletion(&object(number))).await.unwrap();
    }
    world.run(DeleteBucket { bucket: bucket() }).await.unwrap();
    world.reap(&mut reaper).await;
    world.assert_empty().await;
}
