//! Locks that are held for long: by a process that is frozen in the middle of a command, by another program's session.

use std::sync::Arc;
use std::time::Duration;

use cardea::model::InstallId;
use cardea::storage::index::Install;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};
use tokio_postgres::Client;

use crate::database::{Schema, connect};
use crate::world::World;

/// A world whose commands wait for so long that a test ends before, over few connections.
async fn patient(schema: &Schema) -> (Arc<PostgresIndex>, World) {
    let options = PostgresOptions { timeout: Duration::from_mins(1), ..schema.options() };
    let index = Arc::new(PostgresIndex::open(&options).await.unwrap());
    (index.clone(), World::new(index).await)
}

/// A session that holds what a statement locks.
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
