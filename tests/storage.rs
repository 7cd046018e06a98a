//! The storage layer: the index suite and the blob suite, as functions over a backend.
//!
//! Each function of `storage::{principals, buckets, …}` takes an index and knows nothing of which it is; `index_suite!`
//! runs all of them over one. `tests/postgres.rs` runs the same over the other index.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]

#[path = "storage/audit.rs"]
mod audit;
#[path = "storage/backup.rs"]
mod backup;
#[path = "storage/blobs.rs"]
mod blobs;
#[path = "storage/buckets.rs"]
mod buckets;
#[path = "storage/care.rs"]
mod care;
#[path = "storage/concurrency.rs"]
mod concurrency;
#[path = "storage/durability.rs"]
mod durability;
#[path = "storage/expiry.rs"]
mod expiry;
#[path = "storage/leases.rs"]
mod leases;
#[path = "storage/listing.rs"]
mod listing;
#[path = "storage/objects.rs"]
mod objects;
#[path = "storage/principals.rs"]
mod principals;
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
#[path = "storage/settings.rs"]
mod settings;
#[path = "storage/store.rs"]
mod store;
#[path = "storage/upload_listing.rs"]
mod upload_listing;
#[macro_use]
#[path = "storage/suites.rs"]
mod suites;
#[path = "storage/uploads.rs"]
mod uploads;
#[path = "storage/version_listing.rs"]
mod version_listing;
#[path = "storage/versions.rs"]
mod versions;
#[path = "storage/world.rs"]
mod world;

index_suite!(sqlite: |test| test(crate::world::sqlite()).await);
blob_suite!(local: |test| test(crate::world::local()).await);
blob_suite!(memory: |test| test(crate::world::memory()).await);
