//! What a check of many objects and a HEAD beside large settings take on this machine, to be run by hand:
//! `[CARDEA_RATES_OBJECTS=…] cargo test --release --test gateway rates -- --ignored --nocapture`

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cardea::care::fsck;
use cardea::encryption::KeyRing;
use cardea::encryption::layout::sealed_len;
use cardea::model::settings::SettingName;
use cardea::model::{
    AccountId, BlobId, BucketId, BucketName, EncryptionMode, ObjectKey, VersionUid, WriterId,
};
use cardea::ops::{Gateway, GetObject, Limits, Metrics, WriteEncryption};
use cardea::storage::blobs::{BlobOptions, BlobStore};
use cardea::storage::index::sqlite::SqliteIndex;
use cardea::storage::index::{
    BucketAddress, CreateBucket, Index, NamePolicy, NewBlob, NewVersion, PartRecord, Publish, SealEnvelope,
    VersionRecord,
};
use cardea::storage::pins::Pins;

use super::world::{World, bucket, key, read};

/// The number of tasks that write at the same time.
const WRITERS: usize = 64;

/// A version of an empty object as the gateway seals one for a customer. It has all that the index stores but
/// a body.
async fn sealed() -> VersionRecord {
    let world = World::with(Limits { inline_bytes: 0, ..Limits::default() }).await;
    world.put("object", b"", WriteEncryption::Customer(key(1))).await.unwrap();
    world.index.find(&bucket(), &ObjectKey::new("object").unwrap(), None).await.unwrap().1.unwrap()
}

fn publish(writer: WriterId, bucket: BucketId, number: usize, like: &VersionRecord) -> Publish {
    let (blob, part) = (BlobId::random(writer), &like.parts[0]);
    let envelope = like.envelope.clone();
    let key = ObjectKey::new(&format!("folder {:03}/object {number:08}", number % 100)).unwrap();
    let version = NewVersion {
        uid: VersionUid::random(),
        size: 0,
        mode: EncryptionMode::Customer,
        etag: like.etag.clone(),
        part_count: None,
        digests: like.digests.clone(),
        metadata: like.metadata.clone(),
        parts: vec![PartRecord { blob, ..part.clone() }],
        manifest: None,
    };
    let seal = SealEnvelope(Box::new(move |_| Some(envelope.clone())));
    let new_blobs = vec![NewBlob { id: blob, header: part.header.clone(), length: 0, inline: None }];
    Publish { new_blobs, ..Publish::of(writer, bucket, key, version, seal) }
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap())
        .filter(|file| file.file_type().unwrap().is_file())
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

/// The store is in memory. So this measures only the check itself, and an object's size in the index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_check_of_many_objects() {
    let count = std::env::var("CARDEA_RATES_OBJECTS").map_or(1_000_000, |text| text.parse().unwrap());
    let like = Arc::new(sealed().await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&path).unwrap());
    let blobs = BlobStore::open("memory://", &BlobOptions::default()).unwrap();
    let writer = WriterId::random();
    index.heartbeat(writer).await.unwrap();
    let create = CreateBucket {
        id: BucketId::random(),
        account: AccountId::new("account"),
        name: BucketName::new("bucket").unwrap(),
        policy: NamePolicy::IfFree,
        metadata: Default::default(),
        settings: Default::default(),
    };
    let bucket = index.create_bucket(create).await.unwrap().id;

    let begun = Instant::now();
    let tasks = (0..WRITERS).map(|task| {
        let (index, blobs, like) = (index.clone(), blobs.clone(), like.clone());
        tokio::spawn(async move {
            for number in (task..count).step_by(WRITERS) {
                let command = publish(writer, bucket, number, &like);
                let mut blob = blobs.writer(command.new_blobs[0].id);
                let mut buffer = blob.buffer().await.unwrap();
                buffer.resize(usize::try_from(sealed_len(0)).unwrap(), 0);
                assert_eq!(blob.finish(buffer).await.unwrap().sealed, sealed_len(0));
                index.publish(command).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    println!("{count} objects published: {:.0}/s", count as f64 / begun.elapsed().as_secs_f64());
    drop(index);
    // Closing the index writes its log back.
    println!("index: {:.0} bytes an object", size(folder.path()) as f64 / count as f64);

    let index: Arc<dyn Index> = Arc::new(SqliteIndex::open(&path).unwrap());
    let metrics = Arc::new(Metrics::default());
    let (pins, ring) = (Pins::default(), KeyRing::generate());
    let gateway = Gateway::new(index.clone(), blobs, ring, pins, writer, Limits::default(), metrics);
    let begun = Instant::now();
    let report = fsck::check(&gateway, false, &|_, _| ()).await.unwrap();
    assert!(report.is_clean() && report.blobs == count as u64, "{:?}", report.findings.first());
    println!("fsck: {:.0} objects/s", count as f64 / begun.elapsed().as_secs_f64());
    assert!(index.bucket(&BucketAddress::Id(bucket)).await.is_ok());
}

/// A HEAD of a small object whose bucket has settings of this many bytes. They are not read, so that all take
/// the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_head_beside_large_settings() {
    const ROUNDS: usize = 21;
    const HEADS: u32 = 500;
    const SIZES: [usize; 3] = [0, 20_000, 100_000];
    let world = World::new().await;
    world.put("object", b"small", WriteEncryption::Managed).await.unwrap();
    let (caller, id) = (world.caller(true), world.index.bucket(&bucket()).await.unwrap().id);
    let mut medians = [const { Vec::new() }; SIZES.len()];
    for _ in 0..ROUNDS {
        for (at, size) in SIZES.into_iter().enumerate() {
            let text = (size > 0).then(|| "x".repeat(size));
            world.index.put_bucket_setting(id, SettingName::Tags, text).await.unwrap();
            let begun = Instant::now();
            for _ in 0..HEADS {
                let head = GetObject { head: true, ..read("object", None) };
                world.gateway.execute(&caller, head).await.unwrap();
            }
            medians[at].push(begun.elapsed() / HEADS);
        }
    }
    let medians = medians.map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2]
    });
    for (size, median) in SIZES.into_iter().zip(medians) {
        let ratio = median.as_secs_f64() / medians[0].as_secs_f64();
        println!("settings of {size} bytes: {median:?} a HEAD, {ratio:.2} times that without any");
    }
}
