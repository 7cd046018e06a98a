//! The index suite over PostgreSQL.
//!
//! Where the database is says `CARDEA_TEST_POSTGRES`, for instance `postgres://cardea@127.0.0.1:5432/postgres?sslmode=disable`.
//! Every test has a schema of its own, which a failed one leaves behind. Without the variable the tests fail: nothing is skipped
//! for want of a database.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::needless_pass_by_value, reason = "each function owns its backend, which goes with it")]
#![allow(dead_code, reason = "what is shared with the storage tests is not all of use here")]

#[macro_use]
mod storage {
    #[allow(unused_macros, reason = "the blob suite")]
    #[macro_use]
    mod suites;

    pub mod index;
    pub mod postgres;
    pub mod store;
}

index_suite!(postgres: |test| crate::storage::postgres::database::within_a_schema(test).await);
