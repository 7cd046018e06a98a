//! Rates of the index in PostgreSQL on this machine, to be run by hand: `CARDEA_TEST_POSTGRES=… cargo test
//! --release --test storage_postgres storage::postgres::rates -- --ignored --nocapture`

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a measurement")]

use std::sync::Arc;

use cardea::storage::index::Index;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};

use super::database::Schema;
use crate::storage::index::rates;
use crate::storage::index::world::World;

async fn sixteen_connections(schema: &Schema) -> Arc<dyn Index> {
    let options = PostgresOptions { connections: 16, ..schema.options() };
    Arc::new(PostgresIndex::open(&options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_publish_find_and_list() {
    let schema = Schema::new().await;
    rates::publish_find_and_list(sixteen_connections(&schema).await, 500).await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn rates_of_large_objects() {
    let schema = Schema::new().await;
    rates::large_objects(World::new(sixteen_connections(&schema).await).await).await;
    schema.drop().await;
}
