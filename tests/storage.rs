//! The storage layer: the index suite and the blob suite, as functions over a backend.
//!
//! Each function of `storage::index::{principals, buckets, …}` takes any index, and `index_suite!` runs all
//! of them over one. `tests/storage_postgres.rs` runs the same functions over the other index.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]

#[macro_use]
mod storage {
    #[macro_use]
    mod suites;

    mod backup;
    mod durability;
    pub mod index;
    pub mod store;
}

index_suite!(sqlite: |test| test(crate::storage::index::world::sqlite()).await);
blob_suite!(local: |test| test(crate::storage::index::world::local()).await);
blob_suite!(memory: |test| test(crate::storage::index::world::memory()).await);
