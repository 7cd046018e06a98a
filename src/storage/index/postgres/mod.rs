//! The index in a PostgreSQL database, which any number of replicas share.
//!
//! The commands are functions over a transaction or a snapshot, one file for each topic, next to their SQL.
//! [`locks`] says which locks they hold, [`transaction`] how they are run.

#[macro_use]
mod run;

mod audit;
mod blobs;
mod bucket_facts;
mod bucket_rows;
mod buckets;
mod care;
mod connection;
mod connection_slots;
mod delete;
mod error;
mod expiry;
mod finding;
mod install;
mod listing;
mod locks;
mod objects;
mod principals;
mod publish;
mod restore;
mod rewrap;
mod rows;
mod schema;
mod session;
mod settings;
mod skip_scan;
mod transaction;
mod unchanged;
mod upload_listing;
mod upload_rows;
mod uploads;
mod values;
mod version_listing;
mod versions;
mod writers;

pub use self::connection::{PostgresOptions, Whereabouts};
pub use self::schema::Schema;
pub use self::transaction::Activity;
use self::transaction::Database;
use super::Result;

/// An index in PostgreSQL. Share it in an `Arc`.
pub struct PostgresIndex {
    db: Database,
}

impl PostgresIndex {
    /// Opens the index, and brings its schema up to date. Refuses a schema that is newer than this program,
    /// and another program's database.
    pub async fn open(options: &PostgresOptions) -> Result<Self> {
        let index = Self::new(options)?;
        index.migrate().await?;
        Ok(index)
    }

    /// An index that is not open yet. It does not contact the database.
    pub fn new(options: &PostgresOptions) -> Result<Self> {
        Ok(Self { db: Database::new(options)? })
    }

    /// Opens the index: see [`Self::open`].
    pub async fn migrate(&self) -> Result<()> {
        run!(migrate, self.db, tx, () => schema::migrate(tx))
    }

    /// Compares the schema with this program. Changes nothing.
    pub async fn schema(&self) -> Result<Schema> {
        snapshot!(self.db, tx, () => schema::look(tx))
    }

    /// The state of its connections.
    pub fn activity(&self) -> Activity {
        self.db.activity()
    }
}

impl std::fmt::Debug for PostgresIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresIndex").finish_non_exhaustive()
    }
}
