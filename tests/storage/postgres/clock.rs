//! Processes whose clocks differ from the database's: their clocks decide nothing that cannot be undone.

use std::sync::Arc;
use std::time::Duration;

use cardea::care::expirer::Expirer;
use cardea::care::reaper::Reaper;
use cardea::care::task::Task;
use cardea::model::{ObjectMetadata, SystemMetadata, Timestamp};
use cardea::storage::pins::Pins;

use super::database::{Schema, connect};
use crate::storage::index::world::{World, memory};

const HOUR: Duration = Duration::from_hours(1);

/// A world over a database whose clock is two hours behind: to it this process is two hours ahead.
async fn ahead(schema: &mut Schema) -> World {
    let clock = "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
                 AS $$ SELECT pg_catalog.clock_timestamp() - interval '2 hours' $$";
    connect(&schema.url).await.batch_execute(clock).await.unwrap();
    // If a search path does not name `pg_catalog`, PostgreSQL searches it first.
    schema.url.push_str("%2Cpg_catalog");
    let world = World::new(Arc::new(schema.open().await)).await;
    assert!(world.index.now().await.unwrap() < Timestamp::now().minus(HOUR));
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expires_by_a_fast_clock_alone_stays() {
    let mut schema = Schema::new().await;
    let world = ahead(&mut schema).await;
    let now = world.index.now().await.unwrap();
    for (key, at) in [("later", now.plus(HOUR)), ("now", now.minus(Duration::from_secs(1)))] {
        let system = SystemMetadata { delete_at: Some(at.seconds_floor()), ..SystemMetadata::default() };
        let mut put = world.put(key);
        put.command.version.metadata = ObjectMetadata { system, ..ObjectMetadata::default() };
        world.publish(put).await.unwrap();
    }
    let round = Expirer::new(world.index.clone()).round().await.unwrap();
    assert_eq!(round.done, 1);
    assert!(world.find("now", None).await.is_err());
    world.current("later").await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_freed_long_ago_by_a_fast_clock_alone_stays() {
    let mut schema = Schema::new().await;
    let world = ahead(&mut schema).await;
    for _ in 0..2 {
        world.published("k").await;
    }
    let freed = world.freed().await;
    assert_eq!(freed.len(), 1);
    let mut reaper = Reaper::new(world.index.clone(), memory().blobs, Pins::default(), HOUR);
    for _ in 0..3 {
        assert_eq!(reaper.reap().await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(world.freed().await, freed);
    schema.drop().await;
}
