//! The index as rows: snapshots of it, and loading them into an empty one.

use std::sync::Arc;

use cardea::model::WriterId;
use cardea::model::settings::SettingName;
use cardea::storage::index::rows::transfer::{copy, differences, sums};
use cardea::storage::index::rows::{Begun, Mark, TABLES, Value, table};
use cardea::storage::index::{Index, Install};

use super::world::World;

fn silent(_: &'static str, _: u64) {}

/// Objects, old versions, uploads, buckets.
async fn filled(index: Arc<dyn Index>) -> World {
    let install = Install { id: cardea::model::InstallId::random(), canary: b"canary".to_vec() };
    index.create_install(install).await.unwrap();
    let world = World::new(index).await;
    for number in 0..300 {
        world.published(&format!("key/{number}")).await;
    }
    world.published("key/7").await;
    world.index.put_bucket_setting(world.bucket, SettingName::Tags, Some("[]".into())).await.unwrap();
    world
}

pub async fn a_snapshot_stays_as_it_was(index: Arc<dyn Index>) {
    let world = filled(index).await;
    let rows = world.index.rows();
    let mut snapshot = rows.snapshot().await.unwrap();
    let before = sums(rows, &silent).await.unwrap();
    world.published("later").await;
    let versions = table("versions").unwrap();
    let mut found = Vec::new();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let page = snapshot.page(versions, after.as_deref()).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last[..1].to_vec());
        found.extend(page);
    }
    assert_eq!(found.len(), 300);
    assert!(found.is_sorted_by(|a, b| a[0] < b[0]));
    assert!(found.iter().all(|row| row[2] != Value::Bytes("later".into())));
    let now = sums(rows, &silent).await.unwrap();
    let differ = differences(&before, &now);
    assert!(differ.contains(&"versions") && !differ.contains(&"accounts"), "{differ:?}");
}

pub async fn rows_are_loaded_and_compared(index: Arc<dyn Index>) {
    let world = filled(super::world::sqlite()).await;
    let (source, target) = (world.index.rows(), index.rows());
    assert_eq!(target.begin_load("source").await.unwrap(), Begun::New);
    assert_eq!(target.mark(Mark::Loading).await.unwrap().as_deref(), Some("source"));

    // As if the load had been killed after some rows of the third table.
    let mut snapshot = source.snapshot().await.unwrap();
    for part in [&TABLES[..2], &TABLES[2..3]] {
        for each in part {
            let mut rows = snapshot.page(each, None).await.unwrap();
            rows.truncate(if part.len() == 1 { 1 } else { usize::MAX });
            target.load(each, rows).await.unwrap();
        }
    }
    assert_eq!(target.begin_load("other").await.unwrap(), Begun::Other("source".to_owned()));
    assert_eq!(target.begin_load("source").await.unwrap(), Begun::Again);
    copy(&mut *source.snapshot().await.unwrap(), target, &silent).await.unwrap();
    let (one, other) = (sums(source, &silent).await.unwrap(), sums(target, &silent).await.unwrap());
    assert_eq!(differences(&one, &other), [""; 0]);
    assert!(one.iter().any(|sum| sum.table == "versions" && sum.rows == 300));

    target.finish_load(Some("backup")).await.unwrap();
    assert_eq!(target.mark(Mark::Loading).await.unwrap(), None);
    assert_eq!(target.mark(Mark::Restored).await.unwrap().as_deref(), Some("backup"));
    // A mark that was set after the look stays.
    assert!(!target.accept("other", Vec::new()).await.unwrap());
    assert_eq!(target.mark(Mark::Restored).await.unwrap().as_deref(), Some("backup"));
    assert!(target.accept("backup", Vec::new()).await.unwrap());
    assert_eq!(target.mark(Mark::Restored).await.unwrap(), None);
    assert_eq!(target.begin_load("source").await.unwrap(), Begun::NotEmpty);

    // It goes on like any other: with its numbers behind those that were loaded.
    assert_eq!(index.audit().await.unwrap(), []);
    let settings = world.index.bucket_settings(world.bucket).await.unwrap();
    assert_eq!(index.bucket_settings(world.bucket).await.unwrap(), settings);
    assert_eq!(settings.values.len(), 1);
    let world = World { index, ..world };
    for number in 0..5 {
        world.published(&format!("new/{number}")).await;
    }
    assert_eq!(world.index.audit().await.unwrap(), []);
}

pub async fn a_load_is_all_or_nothing(index: Arc<dyn Index>) {
    let target = index.rows();
    let writers = table("writers").unwrap();
    let row = |byte: u8| {
        let id = WriterId([byte; 8]);
        vec![Value::Bytes(id.0.to_vec().into()), Value::Int(1), Value::Int(2), Value::Null, Value::Null]
    };
    target.begin_load("source").await.unwrap();
    target.load(writers, vec![row(1), row(2)]).await.unwrap();
    assert!(target.load(writers, vec![row(3), row(2)]).await.is_err());
    assert!(target.load(writers, vec![row(3), vec![Value::Null]]).await.is_err());
    let loaded = target.loaded(writers).await.unwrap();
    assert_eq!((loaded.rows, loaded.last), (2, Some(row(2)[..1].to_vec())));
}
