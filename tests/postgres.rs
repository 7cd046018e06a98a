//! The index suite over PostgreSQL.
//!
//! Where the database is says `CARDEA_TEST_POSTGRES`, for instance `postgres://cardea@127.0.0.1:5432/postgres?sslmode=disable`.
//! Every test has a schema of its own, which a failed one leaves behind. Without the variable the tests fail: nothing is skipped
//! for want of a database.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]
#![allow(dead_code, reason = "what is shared with the storage tests is not all of use here")]

#[path = "storage/audit.rs"]
mod audit;
#[path = "storage/buckets.rs"]
mod buckets;
#[path = "storage/care.rs"]
mod care;
#[path = "storage/postgres/clock.rs"]
mod clock;
#[path = "storage/concurrency.rs"]
mod concurrency;
#[path = "storage/postgres/damage.rs"]
mod damage;
#[path = "storage/postgres/database.rs"]
mod database;
#[path = "storage/expiry.rs"]
mod expiry;
#[path = "storage/leases.rs"]
mod leases;
#[path = "storage/listing.rs"]
mod listing;
#[path = "storage/postgres/listing_rates.rs"]
mod listing_rates;
#[path = "storage/postgres/rates.rs"]
mod measured;
#[path = "storage/objects.rs"]
mod objects;
#[path = "storage/postgres/outages.rs"]
mod outages;
#[path = "storage/postgres/plans.rs"]
mod plans;
#[path = "storage/principals.rs"]
mod principals;
#[path = "storage/postgres/proxy.rs"]
mod proxy;
#[path = "storage/postgres/races.rs"]
mod races;
#[path = "storage/rates.rs"]
mod rates;
#[path = "storage/references.rs"]
mod references;
#[path = "storage/restores.rs"]
mod restores;
#[path = "storage/rewraps.rs"]
mod rewraps;
#[path = "storage/rows.rs"]
mod rows;
#[path = "storage/postgres/schema.rs"]
mod schema;
#[path = "storage/settings.rs"]
mod settings;
#[path = "storage/store.rs"]
mod store;
#[path = "storage/postgres/tables.rs"]
mod tables;
#[path = "storage/upload_listing.rs"]
mod upload_listing;
#[allow(unused_macros, reason = "the blob suite")]
#[macro_use]
#[path = "storage/suites.rs"]
mod suites;
#[path = "storage/uploads.rs"]
mod uploads;
#[path = "storage/version_listing.rs"]
mod version_listing;
#[path = "storage/versions.rs"]
mod versions;
#[path = "storage/postgres/waits.rs"]
mod waits;
#[path = "storage/postgres/wiretap.rs"]
mod wiretap;
#[path = "storage/world.rs"]
mod world;

index_suite!(postgres: |test| crate::database::within_a_schema(test).await);
