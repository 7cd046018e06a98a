//! Locks that are held for long: by a process that is frozen in the middle of a command, or by another
//! program's session.

use std::sync::Arc;
use std::time::Duration;

use cardea::model::InstallId;
use cardea::storage::index::Install;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::database::{Schema, connect};
use crate::storage::index::world::World;

/// A world over few connections, whose commands wait longer than a test takes.
async fn patient(schema: &Schema) -> (Arc<PostgresIndex>, World) {
    let options = PostgresOptions { timeout: Duration::from_mins(10), ..schema.options() };
    let index = Arc::new(PostgresIndex::open(&options).await.unwrap());
    (index.clone(), World::new(index).await)
}

/// A session that holds the locks of a statement.
async fn holding(schema: &Schema, sql: &str) -> Client {
    let client = connect(&schema.url).await;
    client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_unready_for_rows_that_another_holds() {
    let schema = Schema::new().await;
    let worlds = [patient(&schema).await.1, patient(&schema).await.1];
    let install = Install { id: InstallId::random(), canary: vec![1] };
    worlds[0].index.create_install(install).await.unwrap();
    let rows =
        "SELECT FROM install FOR UPDATE; SELECT FROM writers FOR UPDATE; SELECT FROM leases FOR UPDATE";
    let holder = holding(&schema, rows).await;
    for world in &worlds {
        world.index.check().await.unwrap();
    }
    holder.batch_execute("COMMIT").await.unwrap();
    let left = holder.query("SELECT FROM leases", &[]).await.unwrap();
    assert!(left.is_empty(), "it left something");
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_held_holds_up_no_other() {
    let schema = Schema::new().await;
    let (index, world) = patient(&schema).await;
    for key in ["hot", "other"] {
        world.published(key).await;
    }
    let holder = holding(&schema, "SELECT FROM versions WHERE key = 'hot' FOR UPDATE").await;
    // Three times as many commands as there are connections.
    let blocked: Vec<JoinHandle<_>> = (0..24)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.published("hot").await })
        })
        .collect();
    while index.activity().retries == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for round in 0..20 {
        world.current("other").await;
        world.current("hot").await;
        join_all((0..4).map(|key| {
            let (world, key) = (&world, format!("{key}"));
            async move { world.published(&key).await }
        }))
        .await;
        world.delete(&format!("{}", round % 4), None).await;
        world.index.heartbeat(world.writer).await.unwrap();
        world.index.check().await.unwrap();
    }
    assert!(!blocked.iter().any(JoinHandle::is_finished), "nobody has waited for those who wait");
    assert!(index.activity().waiting > 0);
    holder.batch_execute("COMMIT").await.unwrap();
    for each in blocked {
        each.await.unwrap();
    }
    assert_eq!(world.usage().await.0, 5);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_that_is_held_holds_up_nobody() {
    let schema = Schema::new().await;
    let (_, world) = patient(&schema).await;
    world.published("before").await;
    // All connections have a slot: the next commands come over one of them.
    let holder =
        holding(&schema, "SELECT FROM bucket_usage FOR UPDATE; SELECT FROM account_usage FOR UPDATE").await;
    for key in ["a", "b", "c"] {
        world.published(key).await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.usage().await, (4, 12));
    schema.drop().await;
}
