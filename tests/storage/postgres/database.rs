//! The database of the tests, and a schema in it for each.

use std::sync::Arc;
use std::time::Duration;

use cardea::model::BucketId;
use cardea::storage::index::Index;
use cardea::storage::index::postgres::{PostgresIndex, PostgresOptions};
use tokio_postgres::{Client, NoTls};

/// A schema of its own.
pub struct Schema {
    name: String,
    /// The URL of the database, the schema included.
    pub url: String,
}

impl Schema {
    pub async fn new() -> Self {
        let name = format!("s_{}", BucketId::random());
        connect(&base()).await.batch_execute(&format!("CREATE SCHEMA \"{name}\"")).await.unwrap();
        let url = within(&base(), &name);
        Self { name, url }
    }

    pub fn options(&self) -> PostgresOptions {
        PostgresOptions {
            url: self.url.clone(),
            password: None,
            ca: None,
            connections: 8,
            timeout: Duration::from_secs(20),
        }
    }

    pub async fn open(&self) -> PostgresIndex {
        PostgresIndex::open(&self.options()).await.unwrap()
    }

    pub async fn drop(self) {
        let sql = format!("DROP SCHEMA \"{}\" CASCADE", self.name);
        connect(&base()).await.batch_execute(&sql).await.unwrap();
    }
}

/// Runs a test over an index in a schema of its own, which is gone afterwards.
pub async fn within_a_schema<F: Future<Output = ()>>(test: impl FnOnce(Arc<dyn Index>) -> F) {
    let schema = Schema::new().await;
    test(Arc::new(schema.open().await)).await;
    schema.drop().await;
}

/// The URL of the database, as it was given.
pub fn base() -> String {
    let name = "CARDEA_TEST_POSTGRES";
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `tests/run postgres`"))
}

/// The URL of a schema.
pub fn within(url: &str, schema: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}options=-c%20search_path%3D{schema}")
}

/// A connection of the test itself.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
