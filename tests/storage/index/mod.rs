//! The index suite: functions over a `dyn Index`, by topic. `index_suite!` lists them.

pub mod audit;
pub mod buckets;
pub mod care;
pub mod concurrency;
pub mod expiry;
pub mod leases;
pub mod listing;
pub mod objects;
pub mod principals;
pub mod rates;
pub mod references;
pub mod restores;
pub mod rewraps;
pub mod rows;
pub mod settings;
pub mod upload_listing;
pub mod uploads;
pub mod version_listing;
pub mod versions;
pub mod world;
